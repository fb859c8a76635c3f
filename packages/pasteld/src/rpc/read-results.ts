import { decodeSignature, isPastelId, type PastelId } from '@pastel-mesh/identity'
import { z } from 'zod'
import type {
  CoreInfo,
  MasternodeExtra,
  MasternodeStatus,
  PasteldMessage,
  TopMasternode,
} from './pasteld-client.ts'
import { PasteldError } from './pasteld-error.ts'

/** Cores leave out what they do not know, or give something else for it. */
const text = z.string().catch('')
const count = z.number().catch(0)
/** Some numbers come as text. */
const numeric = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
])

const EXTRA = z.object({
  extAddress: text,
  extP2P: text,
  extKey: text,
  extCfg: text,
  eligibleForMining: z.boolean().catch(false),
})

const STATUS = z.object({
  outpoint: z.string(),
  service: text,
  payee: text,
  status: text,
  extAddress: text,
  extP2P: text,
  extKey: text,
  alias: z.string().optional().catch(undefined),
})

const MESSAGE = z.object({
  From: z.string(),
  To: z.string(),
  Timestamp: z.number(),
  Message: z.string(),
})

const TOP = EXTRA.extend({
  rank: numeric,
  'IP:port': text,
  protocol: numeric.catch(0),
  outpoint: z.string(),
  payee: text,
  lastseen: numeric.catch(0),
  activeseconds: numeric.catch(0),
})

const INFO = z.object({
  version: z.number(),
  protocolversion: count,
  blocks: z.number(),
  connections: count,
  chain: text,
  errors: text,
})

/** Longest id of a message that is one: the core's are 64 hex digits. */
const MESSAGE_ID = /^[0-9a-fA-F]{1,128}$/

/** What `masternode message list` gives; entries that are none are left out. @throws PasteldError ERR_PASTELD_ANSWER */
export function readMessages(result: unknown): PasteldMessage[] {
  const entries = parse(z.array(z.unknown()), result, 'masternode message list')
  return entries.flatMap((entry) =>
    [...entriesOf(entry, MESSAGE)].flatMap(([id, { From, To, Timestamp, Message }]) =>
      MESSAGE_ID.test(id)
        ? [{ id: id.toLowerCase(), from: From, to: To, timestamp: Timestamp, text: Message }]
        : [],
    ),
  )
}

/** A list of the core by outpoint; entries that are none are left out. @throws PasteldError ERR_PASTELD_ANSWER */
export function readByOutpoint<T>(
  result: unknown,
  schema: z.ZodType<T>,
  call: string,
): ReadonlyMap<string, T> {
  parse(z.record(z.string(), z.unknown()), result, call)
  return entriesOf(result, schema)
}

/** Schemas of the lists by outpoint. */
export const LINE: z.ZodType<string> = z.string()
export const RANK: z.ZodType<number> = z.number().int()
export const EXTRA_OF_MASTERNODE: z.ZodType<MasternodeExtra> = EXTRA

export function readStatus(result: unknown): MasternodeStatus {
  const { alias, ...status } = parse(STATUS, result, 'masternode status')
  return alias === undefined ? status : { ...status, alias }
}

/** The lists of all heights; entries that are none are left out. */
export function readTop(result: unknown): TopMasternode[] {
  const heights = parse(z.record(z.string(), z.array(z.unknown())), result, 'masternode top')
  return Object.values(heights)
    .flat()
    .flatMap((entry) => {
      const { data } = TOP.safeParse(entry)
      if (data === undefined) return []
      const { 'IP:port': ipPort, lastseen, activeseconds, ...rest } = data
      return [{ ...rest, ipPort, lastSeen: lastseen, activeSeconds: activeseconds }]
    })
}

export function readSignature(result: unknown): Uint8Array {
  const { signature } = parse(z.object({ signature: z.string() }), result, 'pastelid sign')
  try {
    return decodeSignature(signature)
  } catch (cause) {
    throw new PasteldError('ERR_PASTELD_ANSWER', 'what the core gave is no Ed448 signature', { cause })
  }
}

export function readVerification(result: unknown): boolean {
  const schema = z.object({ verification: z.enum(['OK', 'Failed']) })
  return parse(schema, result, 'pastelid verify').verification === 'OK'
}

export function readPastelIds(result: unknown): PastelId[] {
  const schema = z.object({ PastelID: z.string() })
  return parse(z.array(z.unknown()), result, 'pastelid list').flatMap((entry) => {
    const { data } = schema.safeParse(entry)
    return data !== undefined && isPastelId(data.PastelID) ? [data.PastelID] : []
  })
}

export function readBlockCount(result: unknown): number {
  return parse(z.number().int(), result, 'getblockcount')
}

export function readInfo(result: unknown): CoreInfo {
  const { protocolversion, ...info } = parse(INFO, result, 'getinfo')
  return { ...info, protocolVersion: protocolversion }
}

function* entriesThatFit<T>(value: object, schema: z.ZodType<T>): Generator<[string, T]> {
  for (const [key, entry] of Object.entries(value)) {
    const parsed = schema.safeParse(entry)
    if (parsed.success) yield [key, parsed.data]
  }
}

function entriesOf<T>(value: unknown, schema: z.ZodType<T>): Map<string, T> {
  return new Map(typeof value === 'object' && value !== null ? entriesThatFit(value, schema) : [])
}

function parse<T>(schema: z.ZodType<T>, result: unknown, call: string): T {
  const parsed = schema.safeParse(result)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues[0]?.path.slice(0, 3).join('.') ?? ''
  const what = where === '' ? 'as a whole' : `at ${JSON.stringify(where.slice(0, 100))}`
  throw new PasteldError(
    'ERR_PASTELD_ANSWER',
    `what the core answered to ${call} is not what it should be, ${what}`,
  )
}
