import { MeshError } from '@pastel-mesh/identity'
import { withClient } from '../cli/with-client.ts'
import type { ControlClient } from '../control-client.ts'

export type NodeStatus = Awaited<ReturnType<ControlClient['api']['admin']['status']['query']>>

/** What the node of a data folder says, asked over its Unix socket. */
export type NodeState =
  | {
      readonly kind: 'running'
      readonly status: NodeStatus
      /** What it was told, by key; undefined: the program that it is part of knows. */
      readonly keys: Readonly<Record<string, unknown>> | undefined
    }
  | { readonly kind: 'none' }
  /** Its socket is there, and it does not answer, or it may not be asked. */
  | { readonly kind: 'silent'; readonly reason: string }

/** A node that is busy answers within a second or two. */
const ANSWER_MS = 5_000
/** What a socket says that nobody listens on, or that is not there. */
const NOBODY: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED']

export async function askNode(dataDir: string): Promise<NodeState> {
  const { promise: late, resolve } = Promise.withResolvers<NodeState>()
  const timer = setTimeout(
    () => resolve({ kind: 'silent', reason: `it did not answer on its socket for ${ANSWER_MS / 1_000} s` }),
    ANSWER_MS,
  )
  try {
    return await Promise.race([ask(dataDir), late])
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    const isNone = error.code === 'ERR_NO_DATA_FOLDER' || NOBODY.includes(rootCode(error))
    return isNone ? { kind: 'none' } : { kind: 'silent', reason: error.message }
  } finally {
    clearTimeout(timer)
  }
}

function ask(dataDir: string): Promise<NodeState> {
  return withClient(dataDir, async ({ admin }) => {
    const status = await admin.status.query()
    const shown = await admin.configuration.show.query().catch(() => undefined)
    const keys =
      shown && Object.fromEntries(Object.entries(shown.keys).map(([key, { value }]) => [key, value]))
    return { kind: 'running', status, keys }
  })
}

function rootCode(error: Error): string | undefined {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  return (cause as NodeJS.ErrnoException).code
}
