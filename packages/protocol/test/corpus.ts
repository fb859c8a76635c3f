import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import {
  decodeBookRequest,
  decodeBookResponse,
  decodeCertificateFrame,
  decodeDirectRequest,
  decodeDirectResponse,
  decodePayload,
  decodeSyncRequest,
  decodeSyncResponse,
  openBatch,
  openCertificate,
  openPayload,
  readReceipt,
  sha256,
} from '../src/index.ts'
import { hex } from './hex.ts'
import { inboxBatch, SEAL } from './vectors/batches.ts'

/** Where input comes in, and what takes it apart. */
export const DECODERS = {
  /** A signed batch as gossip and sync bring it, whatever its signature. */
  batch: (bytes: Uint8Array) => openPayload(openBatch(bytes).batch),
  /** The payload of a batch that counts one message. */
  payload: (bytes: Uint8Array) => decodePayload(bytes, 1),
  /** The payload of a batch of one message that says it is compressed. */
  'compressed-payload': (bytes: Uint8Array) => openPayload({ encoding: 1, payload: bytes, count: 1 }),
  /** That of the sealed batch of the vectors, opened with its secret. */
  'sealed-payload': (bytes: Uint8Array) => openPayload({ ...inboxBatch, payload: bytes }, SEAL.secret),
  certificate: (bytes: Uint8Array) => openCertificate(bytes),
  'certificate-frame': decodeCertificateFrame,
  'sync-request': decodeSyncRequest,
  'sync-response': decodeSyncResponse,
  'book-request': decodeBookRequest,
  'book-response': decodeBookResponse,
  receipt: readReceipt,
  'direct-request': decodeDirectRequest,
  'direct-response': decodeDirectResponse,
} satisfies Record<string, (bytes: Uint8Array) => unknown>

export type DecoderName = keyof typeof DECODERS

/** Input that must be refused. */
export interface BadInput {
  readonly name: string
  /** The code with which it is refused. */
  readonly error: string
  readonly bytes: Uint8Array
}

/** As it is written down: bytes in hex, in pieces; `0aff*1000` stands for the same piece a thousand times. */
interface WrittenCase {
  readonly name: string
  readonly error: string
  readonly bytes: string
}

const folder = new URL('./corpus/', import.meta.url)
const foundFolder = new URL('./found/', folder)

/** What is written down for a decoder, what properties found included. */
export function readCorpus(decoder: DecoderName): BadInput[] {
  const found = `found/${decoder}-`
  const files = readdirSync(folder, { recursive: true }).map(String)
  return files
    .filter((file) => file === `${decoder}.json` || file.startsWith(found))
    .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as WrittenCase[])
    .map(({ name, error, bytes }) => ({ name, error, bytes: parseBytes(bytes) }))
}

/**
 * Writes input that did something unexpected into the corpus, if PMESH_GROW_CORPUS is set. The code with which it
 * should be refused is for whoever mends the decoder to say.
 */
export function growCorpus(decoder: DecoderName, name: string, bytes: Uint8Array): void {
  if (process.env.PMESH_GROW_CORPUS === undefined) return
  mkdirSync(foundFolder, { recursive: true })
  const written: WrittenCase[] = [{ name, error: 'ERR_TO_BE_DECIDED', bytes: formatBytes(bytes) }]
  const file = `${decoder}-${hex(sha256(bytes)).slice(0, 12)}.json`
  writeFileSync(new URL(file, foundFolder), `${JSON.stringify(written, null, 2)}\n`)
}

function parseBytes(text: string): Uint8Array {
  const pieces = text.split(' ').map((piece) => {
    const [unit = '', times = '1'] = piece.split('*')
    const bytes = Buffer.from(unit, 'hex')
    if (bytes.length * 2 !== unit.length) throw new Error(`"${unit.slice(0, 40)}" is not hexadecimal`)
    return Buffer.alloc(bytes.length * Number(times), bytes)
  })
  return new Uint8Array(Buffer.concat(pieces))
}

/** Runs shorter than this are written out. */
const MIN_RUN_BYTES = 48
const MAX_UNIT_BYTES = 8

/** The text of bytes, as {@link parseBytes} reads it. */
export function formatBytes(bytes: Uint8Array): string {
  const pieces: string[] = []
  let plainFrom = 0
  const flush = (to: number) => {
    if (to > plainFrom) pieces.push(hex(bytes.subarray(plainFrom, to)))
  }
  for (let at = 0; at < bytes.length; ) {
    const { unit, end } = longestRun(bytes, at)
    if (end - at < MIN_RUN_BYTES) {
      at += 1
      continue
    }
    flush(at)
    pieces.push(`${hex(bytes.subarray(at, at + unit))}*${(end - at) / unit}`)
    at = end
    plainFrom = end
  }
  flush(bytes.length)
  return pieces.join(' ')
}

function longestRun(bytes: Uint8Array, at: number): { unit: number; end: number } {
  let best = { unit: 1, end: at }
  for (let unit = 1; unit <= MAX_UNIT_BYTES; unit += 1) {
    let end = at + unit
    while (end < bytes.length && bytes[end] === bytes[end - unit]) end += 1
    end -= (end - at) % unit
    if (end > best.end && end <= bytes.length) best = { unit, end }
  }
  return best
}
