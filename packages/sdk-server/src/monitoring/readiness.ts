import { queueStatus } from '../admin/queue-stats.ts'
import type { Context } from '../trpc.ts'

/** Why a node is not to be sent anything. */
interface Unready {
  readonly code: 'draining' | 'database' | 'disk' | 'superseded' | 'clock' | 'alone' | 'queue'
  readonly reason: string
}

/** Whoever gets this answer knows that the event loop turns. */
export const LIVE = { live: true } as const

/** What `/readyz` answers. */
export async function readiness(context: Pick<Context, 'node' | 'store' | 'queue' | 'drain'>) {
  const reasons = await unreadiness(context)
  const ready = reasons.length === 0
  return { status: ready ? 200 : 503, body: { ready, reasons } } as const
}

/** Whoever may not log in asks that often. */
const PUBLIC_MS = 1_000

/** The same where everybody may ask: codes alone, for reasons tell of paths and servers, and looked up once a second. */
export function publicReadiness(context: Parameters<typeof readiness>[0]) {
  let answer: ReturnType<typeof ask> | undefined
  let askedMs = 0
  return () => {
    const nowMs = performance.now()
    if (answer === undefined || nowMs - askedMs >= PUBLIC_MS) {
      askedMs = nowMs
      answer = ask()
      // Nobody is told for a second that it failed once.
      answer.catch(() => {
        answer = undefined
      })
    }
    return answer
  }

  async function ask() {
    const { status, body } = await readiness(context)
    return { status, body: { ready: body.ready, reasons: body.reasons.map(({ code }) => ({ code })) } }
  }
}

/** What keeps a node from taking in, or from sending, what it is given; nothing: it is ready. */
async function unreadiness(context: Pick<Context, 'node' | 'store' | 'queue' | 'drain'>): Promise<Unready[]> {
  const { node, store } = context
  const found: Unready[] = []
  if (context.drain.sinceMs !== undefined) {
    found.push({ code: 'draining', reason: 'it is being drained, before a stop: it takes no more' })
  }
  if (!store.writer.isOpen) {
    found.push({ code: 'database', reason: store.writer.unavailable().message })
  } else if (!store.disk.hasRoom) {
    found.push({
      code: 'disk',
      reason: 'there is less free disk space than the reserve: nothing new is taken',
    })
  }
  const { clock, superseded } = node.standing
  if (superseded !== undefined) {
    found.push({ code: 'superseded', reason: 'another node has the PastelID of this one now' })
  }
  if (clock.state === 'wrong') {
    found.push({
      code: 'clock',
      reason: 'the clock differs from that of most peers: others ignore what is sent',
    })
  }
  const bootstrap = node.bootstrap()
  if (bootstrap.length > 0 && node.peers().length === 0) {
    found.push({ code: 'alone', reason: 'not connected to any peer: what is sent reaches nobody yet' })
  }
  const queue = await queueStatus(context)
  if (queue.state === 'unavailable') found.push({ code: 'queue', reason: queue.reason })
  return found
}
