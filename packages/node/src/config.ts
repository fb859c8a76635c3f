import { resolve } from 'node:path'
import { MeshError } from '@pastel-mesh/identity'
import { isNetworkName, isTopicName } from '@pastel-mesh/protocol'
import { z } from 'zod'

/** Where a node keeps its things unless told otherwise. */
export const DEFAULT_DATA_DIR = './.pmesh'

const rate = z.strictObject({ perSecond: z.number().positive(), burst: z.number().positive() })
const rates = z.strictObject({ bytes: rate, batches: rate })

export const configSchema = z.strictObject({
  /** Folder for database, keys, member file and socket. */
  dataDir: z
    .string()
    .min(1)
    .default(DEFAULT_DATA_DIR)
    .transform((path) => resolve(path)),
  network: z
    .string()
    .refine(isNetworkName, 'use lower-case letters, digits and inner hyphens')
    .default('local'),
  /** Multiaddrs to listen on. Loopback until the operator says otherwise. */
  listen: z.array(z.string()).default(['/ip4/127.0.0.1/tcp/7124']),
  announce: z.array(z.string()).default([]),
  bootstrap: z.array(z.string()).default([]),
  topics: z.array(z.string().refine(isTopicName, 'not a topic name')).default([]),
  /** `file`: `<dataDir>/members`, one PastelID a line. `open`: anybody, with any key. */
  members: z.enum(['file', 'open']).default('file'),
  /** Many nodes run on this machine. */
  manyPeersPerHost: z.boolean().default(false),
  syncIntervalMs: z.number().int().positive().optional(),
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
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'configuration'}: ${message}`,
  )
  throw new MeshError('ERR_CONFIG', `the configuration is wrong: ${problems.join('; ')}`)
}
