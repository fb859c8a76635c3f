import { MeshError, type PastelId } from '@pastel-mesh/identity'
import type { Sent } from './direct-sender.ts'

/**
 * Messages were to go to some recipients, and a part of them was accepted before something failed: those are on disk and
 * are delivered. Whoever sends all of it again sends them twice. `cause` is what failed; if that is `ERR_COMMIT_FAILED`,
 * some of the rest may be on disk as well.
 */
export class PartlySentError extends MeshError {
  /** What was accepted, recipient by recipient. */
  readonly sent: readonly Sent[]

  /** @param recipients how many there were */
  constructor(sent: readonly Sent[], recipients: number, cause: unknown) {
    const names = new Set(sent.map(({ recipient }) => recipient)).size
    const messages = `${sent.length} ${sent.length === 1 ? 'message' : 'messages'}`
    super(
      'ERR_PARTLY_SENT',
      `only a part was accepted, ${messages} to ${names} of ${recipients} recipients, and the rest was not: ${(cause as Error).message}`,
      { cause },
    )
    this.sent = sent
  }
}

/**
 * Does something for each of some recipients, and waits for all of them.
 * @param act tells of each message that is accepted
 * @returns what was accepted, recipient by recipient
 * @throws PartlySentError if that fails for some; if nothing was accepted, why
 */
export async function sendToEach(
  names: readonly PastelId[],
  act: (name: PastelId, accepted: (id: string, state: Sent['state']) => void) => Promise<void>,
): Promise<Sent[]> {
  const sent = names.map((): Sent[] => [])
  const outcomes = await Promise.allSettled(
    names.map((recipient, i) => act(recipient, (id, state) => sent[i]?.push({ recipient, id, state }))),
  )
  const all = sent.flat()
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return all
  throw all.length === 0 ? failed.reason : new PartlySentError(all, names.length, failed.reason)
}
