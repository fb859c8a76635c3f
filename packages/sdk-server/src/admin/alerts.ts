import { MeshError } from '@pastel-mesh/identity'
import type { MeshAlert } from '@pastel-mesh/sdk-node'
import { type MessageStore, StorageError } from '@pastel-mesh/storage'
import { z } from 'zod'
import { type Context, operatorProcedure, router, viewerProcedure } from '../trpc.ts'

/** An alert, and whether the operator has put it aside. */
export interface AlertOutput extends MeshAlert {
  /** Alerts are numbered from the oldest on, those that are dismissed included. */
  readonly number: number
  /** In ms since 1970. */
  readonly dismissedAtMs?: number
}

/** Alerts that a store keeps. */
const MAX_ALERTS = 1_024

/** Names of the values: `dismissed/<log>` holds of when the alert is that was dismissed, and when it was. */
const PREFIX = 'dismissed/'
const VALUE_BYTES = 16

/** The alerts, the oldest first. What is new about a log is a new alert, though the last one was dismissed. */
export async function readAlerts({ node, store }: Pick<Context, 'node' | 'store'>): Promise<AlertOutput[]> {
  const dismissed = await readDismissed(store)
  return node
    .alerts()
    .reverse()
    .map((alert, index) => {
      const [ofMs, dismissedAtMs] = dismissed.get(alert.log) ?? []
      const mark = ofMs === alert.atMs && dismissedAtMs !== undefined ? { dismissedAtMs } : {}
      return { ...alert, number: index + 1, ...mark }
    })
}

/** What senders did that an operator should know. */
export const alerts = router({
  /** All that are kept, the oldest first. */
  list: viewerProcedure.query(({ ctx }) => readAlerts(ctx)),

  /** Puts alerts aside, by their logs: the status does not show them any more. Kept on disk. */
  dismiss: operatorProcedure
    .input(z.strictObject({ logs: z.array(z.string().max(100)).min(1).max(MAX_ALERTS) }))
    .mutation(async ({ input: { logs }, ctx }) => {
      const all = new Map<string, AlertOutput>((await readAlerts(ctx)).map((alert) => [alert.log, alert]))
      const unknown = logs.find((log) => !all.has(log))
      if (unknown !== undefined) {
        throw new MeshError('ERR_UNKNOWN_ALERT', `there is no alert about the log ${unknown}`)
      }
      const chosen = [...new Set(logs)].flatMap((log) => all.get(log) ?? [])
      const atMs = Date.now()
      const open = chosen.filter(({ dismissedAtMs }) => dismissedAtMs === undefined)
      await ctx.store.values.write(
        open.map((alert) => ({ name: PREFIX + alert.log, value: markOf(alert.atMs, atMs) })),
      )
      return { dismissed: open.map((alert) => ({ ...alert, dismissedAtMs: atMs })) }
    }),
})

type Dismissed = ReadonlyMap<string, readonly [ofMs: number, dismissedAtMs: number]>

/** What was read last: while a database is opened anew because a write failed, its operator asks all the more. */
const lastRead = new WeakMap<MessageStore, Dismissed>()

async function readDismissed(store: MessageStore): Promise<Dismissed> {
  const dismissed = new Map<string, [number, number]>()
  try {
    for await (const [name, value] of store.values.read(PREFIX)) {
      if (value.length !== VALUE_BYTES) continue
      dismissed.set(name.slice(PREFIX.length), [value.readDoubleBE(0), value.readDoubleBE(8)])
    }
  } catch (error) {
    if (!(error instanceof StorageError && error.code === 'ERR_STORE_UNAVAILABLE')) throw error
    return lastRead.get(store) ?? new Map()
  }
  lastRead.set(store, dismissed)
  return dismissed
}

function markOf(alertAtMs: number, dismissedAtMs: number): Buffer {
  const value = Buffer.alloc(VALUE_BYTES)
  value.writeDoubleBE(alertAtMs, 0)
  value.writeDoubleBE(dismissedAtMs, 8)
  return value
}
