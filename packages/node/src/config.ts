import { resolve } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { MeshError } from '@pastel-mesh/identity'
import { isNetworkName, isTopicName } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { DEFAULT_DATA_DIR } from './data-folder.ts'

/** Characters of a wrong value that are shown. */
const MAX_SHOWN = 100

/** The longest that a timer of Node can wait; with more it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

const rate = z.strictObject({ perSecond: z.number().positive(), burst: z.number().positive() })
const rates = z.strictObject({ bytes: rate, batches: rate })
const address = z.string().refine(isMultiaddr, 'not a multiaddr such as /ip4/127.0.0.1/tcp/7124')
const listenAddress = address.refine(
  isListenable,
  'an address to listen on has the form /ip4/ADDRESS/tcp/PORT or /ip4/ADDRESS/tcp/PORT/ws',
)

export const configSchema = z.strictObject({
  /** Folder for database, keys, member file and socket. */
  dataDir: z
    .string()
    .min(1, 'give the path of a folder')
    .default(DEFAULT_DATA_DIR)
    .transform((path) => resolve(path)),
  network: z
    .string()
    .refine(isNetworkName, 'not a network name: use 1 to 32 lower-case letters, digits and inner hyphens')
    .default('local'),
  /** Multiaddrs to listen on, TCP and WebSockets (`/ws`). Loopback until the operator says otherwise. */
  listen: z.array(listenAddress).default(['/ip4/127.0.0.1/tcp/7124']),
  announce: z.array(address).default([]),
  bootstrap: z.array(address).default([]),
  topics: z.array(z.string().refine(isTopicName, 'not a topic name such as prices or eu/prices')).default([]),
  /** Carries every topic that its peers announce, for those who meet here only. */
  relay: z.boolean().default(false),
  /** `file`: `<dataDir>/members`, one PastelID a line. `open`: anybody, with any key. */
  members: z.enum(['file', 'open']).default('file'),
  /** Many nodes run on this machine. */
  manyPeersPerHost: z.boolean().default(false),
  /** Free space on the disk below which nothing new is accepted. 0: until it is full. @default 256 MiB */
  minFreeBytes: z.number().int().nonnegative().optional(),
  syncIntervalMs: z.number().int().positive().optional(),
  /** How far back the history of the topics is wanted. @default 3 days */
  historyMs: z.number().int().positive().optional(),
  /** When what all deny is given up. @default 60 s */
  lostAfterMs: z.number().int().positive().optional(),
  /** What is kept, and how often that is looked at. @default 30 days, 16 GiB, 10 minutes */
  retention: z
    .strictObject({
      maxAgeMs: z.number().int().positive().optional(),
      maxBytes: z.number().int().nonnegative().optional(),
      intervalMs: z.number().int().positive().max(MAX_TIMER_MS).optional(),
    })
    .optional(),
  maxBatchMessages: z.number().int().min(1).max(512).optional(),
  peerRates: rates.optional(),
  senderRates: rates.optional(),
})

/** What a controller is started with; everything has a default. */
export type ControllerConfig = z.input<typeof configSchema>
export type CheckedConfig = z.output<typeof configSchema>

/** @throws MeshError ERR_CONFIG: names every key that is wrong, its value and why */
export function checkConfig(config: ControllerConfig): CheckedConfig {
  const parsed = configSchema.safeParse(config)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.flatMap((issue) => {
    // zod reports the object that has them.
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => describe(config, [...issue.path, key], 'there is no such key'))
    }
    return [describe(config, issue.path, issue.message)]
  })
  throw new MeshError('ERR_CONFIG', `the configuration is wrong: ${problems.join('; ')}`)
}

function describe(config: unknown, path: readonly PropertyKey[], reason: string): string {
  let value = config
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
  const shown = value === undefined ? 'undefined' : String(JSON.stringify(value))
  return `${z.core.toDotPath([...path] as string[]) || 'configuration'} ${shown.slice(0, MAX_SHOWN)}: ${reason}`
}

/** TCP, or WebSockets without TLS: that is for a proxy in front of the node. */
function isListenable(text: string): boolean {
  return /^\/ip[46]\/[^/]+\/tcp\/\d+(\/ws)?$/.test(text) || !isMultiaddr(text)
}

function isMultiaddr(text: string): boolean {
  try {
    multiaddr(text)
    return true
  } catch {
    return false
  }
}
