import { writeFile } from 'node:fs/promises'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import {
  checkProof,
  ENCODING_SEALED,
  type MessageContent,
  messageId,
  type ProofCheck,
  type ProofReport,
  parseChannel,
  parseMessageId,
  type SignedBatch,
  textOf,
} from '@pastel-mesh/protocol'
import { pmeshCommand } from '../pmesh-command.ts'
import { type CarriedProof, carriedProof, carriedRows } from './carried-proof.ts'
import { type FoundProof, findProof } from './find-proof.ts'
import { json, print, printable, warn } from './output.ts'
import { howToCheck, readProofFile } from './proof-file.ts'
import { type Cell, columns, cut } from './terminal/columns.ts'
import { counted, describeTime } from './terminal/figures.ts'
import { paint, type Tone } from './terminal/paint.ts'

export interface VerifyRequest {
  readonly id?: string | undefined
  /** A file that holds the proof; neither node nor data folder is needed. */
  readonly proofFile?: string | undefined
  /** Where the proof is saved, if it holds. */
  readonly outFile?: string | undefined
  readonly asJson: boolean
}

/** Characters of a text that are shown; with `--json`, all of it is. */
const MAX_TEXT = 1_000

const TONES: Record<ProofCheck['result'], Tone> = { ok: 'good', failed: 'bad', open: 'quiet' }

/**
 * Verifies the proof of a message, here: what the node says is not taken for granted.
 * @returns whether it holds
 * @throws MeshError ERR_USAGE, ERR_NOT_STORED, ERR_PROOF_FILE; ProtocolError ERR_MESSAGE_ID
 */
export async function verify(dataDir: string, request: VerifyRequest): Promise<boolean> {
  const { id, outFile, asJson } = request
  if (id !== undefined) await checkId(id)
  const proof = await findIn(dataDir, request)
  const { envelope, predecessor, secret } = proof
  const report = await checkProof(envelope, {
    ...(id === undefined ? {} : { messageId: id }),
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(secret === undefined ? {} : { secret }),
  })
  const message = contentOf(report, id)
  const { signed } = report
  const carried = signed && message && (await carriedProof(signed, message))
  print(
    asJson
      ? json({ ...toJson(report, proof, id), ...(carried === undefined ? {} : { carried }) }, 2)
      : describe(report, proof, { id, carried }),
  )
  if (outFile !== undefined) {
    if (report.isValid) await save(outFile, report, { envelope, asJson })
    else warn(`nothing was written to ${outFile}: the proof does not hold`)
  }
  return report.isValid
}

/** @throws ProtocolError ERR_MESSAGE_ID; MeshError ERR_USAGE: it is a file that is checked otherwise */
async function checkId(id: string): Promise<void> {
  try {
    parseMessageId(id)
  } catch (error) {
    const how = await howToCheck(id)
    if (how === undefined) throw error
    throw new MeshError('ERR_USAGE', `${id} is not a message id, but a file: ${how}`, { cause: error })
  }
}

async function findIn(dataDir: string, { id, proofFile }: VerifyRequest): Promise<FoundProof> {
  if (proofFile !== undefined) return { source: 'file', envelope: await readProofFile(proofFile, 'proof') }
  if (id !== undefined) return findProof(dataDir, id)
  throw new MeshError(
    'ERR_USAGE',
    `say what to verify: the id of a message, as "${pmeshCommand('messages --ids', dataDir)}" shows it, or --proof FILE`,
  )
}

async function save(
  path: string,
  { signed }: ProofReport,
  { envelope, asJson }: { readonly envelope: Uint8Array; readonly asJson: boolean },
): Promise<void> {
  try {
    await writeFile(path, envelope)
  } catch (cause) {
    throw new MeshError(
      'ERR_PROOF_FILE',
      `the proof cannot be written to ${path}: ${explainFileError(cause)}`,
      {
        cause,
      },
    )
  }
  if (asJson) return
  print(`saved      ${path}: "pmesh verify --proof" checks it anywhere`)
  if (signed?.batch.encoding === ENCODING_SEALED) {
    print(
      `           without its text: for others to check that, too, ${howToDisclose(signed)} writes another file`,
    )
  }
}

/** The command by which either end shows others what is sealed. */
function howToDisclose({ log, batch }: SignedBatch): string {
  return `"pmesh export --disclose ${messageId(log, batch.first)} FILE"`
}

/** What is known of the message, or where none was named, of the batch. */
function describe(
  report: ProofReport,
  { source }: FoundProof,
  { id, carried }: { readonly id: string | undefined; readonly carried: CarriedProof | undefined },
): string {
  const { isValid, checks, signed, sender } = report
  const rows: Cell[][] = [
    isValid
      ? [
          { text: 'valid', tone: 'good' },
          carried === undefined
            ? 'its sender signed it, and it is as it was signed'
            : `carried by ${carried.via}: this node's word for it, and that is as it was signed`,
        ]
      : [{ text: 'INVALID', tone: 'bad' }, checks.filter(isFailed).map(failure).join('; ')],
    ['read from', SOURCES[source]],
  ]
  if (signed !== undefined && sender !== undefined) {
    const { batch } = signed
    const channel = parseChannel(batch.channel)
    const message = contentOf(report, id)
    rows.push(
      ...(id === undefined ? [] : [['message', id]]),
      ...(carried === undefined ? [['sender', sender]] : [...carriedRows(carried), ['kept by', sender]]),
      ['channel', channel.kind === 'topic' ? `topic ${channel.topic}` : `inbox of ${channel.recipient}`],
      ['network', batch.network],
      ...(id === undefined ? [] : [['position', `${parseMessageId(id).position} of the log ${signed.log}`]]),
      ['created', describeTime(message?.createdAtMs ?? batch.createdAtMs)],
      ...(message === undefined ? [] : contentRows(message)),
      ['batch', `${counted(batch.count, 'message')}, from ${messageId(signed.log, batch.first)} on`],
      ['hash', Buffer.from(signed.hash).toString('hex')],
    )
  }
  const checked = checks.map(({ name, result, detail }): Cell[] => [
    name,
    { text: result === 'open' ? 'not checked' : result, tone: TONES[result] },
    name === 'messages' && result === 'open' && signed !== undefined
      ? `${detail}: "pmesh verify" there checks the text, too, and ${howToDisclose(signed)} shows it to others`
      : detail,
  ])
  return [columns(rows), '', paint('heading', 'Checked'), columns(checked, { indent: '  ' })].join('\n')
}

const SOURCES: Record<FoundProof['source'], string> = {
  node: 'the running node; verified by this command',
  database: 'the database in the data folder: no node runs',
  file: 'the file',
}

function contentRows(message: MessageContent): Cell[][] {
  const { type, contentType, body } = message
  const text = textIn(message)
  return [
    ['content', `${type}: ${contentType}, ${counted(body.length, 'byte')}`],
    ...(text === undefined ? [] : [['text', cut(printable(text), MAX_TEXT)]]),
  ]
}

/** What the sender says is text, and is. */
function textIn(message: MessageContent): string | undefined {
  if (message.contentType === 'bytes') return undefined
  try {
    return textOf(message)
  } catch {
    return undefined
  }
}

function contentOf({ signed, messages }: ProofReport, id: string | undefined): MessageContent | undefined {
  return id === undefined || signed === undefined
    ? undefined
    : messages?.[parseMessageId(id).position - signed.batch.first]
}

function isFailed({ result }: ProofCheck): boolean {
  return result === 'failed'
}

function failure({ name, detail }: ProofCheck): string {
  return `${name}: ${detail}`
}

function toJson(report: ProofReport, { source }: FoundProof, id: string | undefined) {
  const { isValid, checks, signed, sender } = report
  if (signed === undefined) return { isValid, source, id, checks }
  const { batch } = signed
  const message = contentOf(report, id)
  return {
    isValid,
    source,
    id,
    sender,
    channel: parseChannel(batch.channel),
    network: batch.network,
    position: id === undefined ? undefined : parseMessageId(id).position,
    createdAtMs: message?.createdAtMs ?? batch.createdAtMs,
    type: message?.type,
    contentType: message?.contentType,
    text: message && textIn(message),
    batch: {
      log: signed.log,
      hash: Buffer.from(signed.hash).toString('hex'),
      previous: Buffer.from(batch.previous).toString('hex'),
      first: batch.first,
      count: batch.count,
      createdAtMs: batch.createdAtMs,
    },
    checks,
  }
}
