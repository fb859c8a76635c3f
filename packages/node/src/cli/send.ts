import type { Sent } from '@pastel-mesh/sdk-node'
import { TRPCClientError } from '@trpc/client'
import type { ControlClient } from '../control-client.ts'
import { describeDelivery } from './describe-delivery.ts'
import type { MessageBody } from './message-body.ts'
import { forEachLine, type MessageRequest, optionsOf, readOne } from './message-input.ts'
import { json, print, warn } from './output.ts'
import { shownId } from './terminal/screen.ts'
import { EXIT, exitCodeOf, waitForDelivery } from './wait-for-delivery.ts'
import { withClient } from './with-client.ts'

export interface SendRequest extends MessageRequest {
  /** PastelIDs, each once. */
  readonly to: readonly string[]
  /** For so long it is waited for the delivery, in ms. @default not */
  readonly waitMs?: number | undefined
  readonly asJson: boolean
}

const VERB = { base: 'send', past: 'sent' }

/**
 * Sends one message, or lines as they come, to one or some members; prints the id of each when it is on the node's disk,
 * with its recipient where there are several.
 * @returns the exit code
 * @throws MeshError ERR_PARTLY_SENT: what was accepted was printed; and what the node answered otherwise
 */
export async function send(dataDir: string, request: SendRequest): Promise<number> {
  const { to, isLines, waitMs, asJson } = request
  const body = isLines ? undefined : await readOne(request, VERB)
  return withClient(dataDir, async (api) => {
    const all: Sent[] = []
    const unknown = new Set<string>()
    const handOn = async (bodies: readonly MessageBody[]) => {
      const options = optionsOf(request)
      const messages = bodies.map((body) => ({ ...body, ...options }))
      const { sent, failure } = await sendSome(api, to, messages)
      if (waitMs !== undefined) for (const one of sent) all.push(one)
      for (const { state, recipient } of sent) if (state === 'waiting-for-certificate') unknown.add(recipient)
      return () => {
        for (const one of sent) {
          // With JSON one document a message: the one that says most.
          if (asJson && (waitMs === undefined || failure !== undefined)) print(json(one))
          if (!asJson) print(to.length === 1 ? one.id : `${one.id}  ${one.recipient}`)
        }
        if (failure !== undefined) throw failure
      }
    }
    if (body !== undefined) (await handOn([body]))()
    else if ((await forEachLine(request, VERB, handOn, to.length)) === 0) return EXIT.delivered
    for (const recipient of unknown) {
      warn(
        `nobody has shown the certificate of ${shownId(recipient)} yet, so nothing can be sealed to it: what it is sent waits on this node's disk`,
      )
    }
    return waitMs === undefined ? EXIT.delivered : waitForAll(api, all, waitMs, asJson)
  })
}

/** What the node accepted, and why it did not accept the rest. @throws what it answered if it accepted nothing */
async function sendSome(
  api: ControlClient['api'],
  to: readonly string[],
  messages: Parameters<ControlClient['api']['service']['messages']['send']['mutate']>[0]['messages'],
): Promise<{ sent: readonly Sent[]; failure?: Error }> {
  try {
    return await api.service.messages.send.mutate({ to: [...to], messages })
  } catch (error) {
    const data =
      error instanceof TRPCClientError ? (error.data as { sent?: Sent[] } | null | undefined) : undefined
    if (data?.sent === undefined) throw error
    return { sent: data.sent, failure: error as Error }
  }
}

/** @returns the exit code */
async function waitForAll(
  api: ControlClient['api'],
  sent: readonly Sent[],
  waitMs: number,
  asJson: boolean,
): Promise<number> {
  const endMs = performance.now() + waitMs
  let code: number = EXIT.delivered
  for (const { id } of sent) {
    const delivery = await waitForDelivery(api, id, endMs)
    if (asJson) print(json(delivery))
    else warn(`${id}: ${describeDelivery(delivery)}`)
    // That something failed says more than that something is not known.
    if (code !== EXIT.failed && delivery.state !== 'delivered') code = exitCodeOf(delivery)
  }
  return code
}
