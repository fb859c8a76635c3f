import {
  type Disclosure,
  jsonOf,
  type MessageContent,
  messageId,
  openDisclosure,
  ProtocolError,
  parseMessageId,
  textOf,
} from '@pastel-mesh/protocol'
import { json, print } from './output.ts'
import { readProofFile } from './proof-file.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeTime } from './terminal/figures.ts'
import { paint } from './terminal/paint.ts'

export interface VerifyDisclosedRequest {
  readonly file: string
  /** Only this message. */
  readonly id?: string | undefined
  readonly asJson: boolean
}

/**
 * Checks a disclosure, here and without any node: that the sender signed it, and that the messages are those that it
 * sealed; shows them.
 * @returns whether it holds
 * @throws MeshError ERR_DISCLOSURE_FILE; ProtocolError ERR_MESSAGE_ID
 */
export async function verifyDisclosed({ file, id, asJson }: VerifyDisclosedRequest): Promise<boolean> {
  const position = id === undefined ? undefined : parseMessageId(id).position
  const opened = await open(await readProofFile(file, 'disclosure'))
  const problem = opened instanceof Error ? opened.message : missing(opened, id)
  if (problem !== undefined || opened instanceof Error) {
    print(asJson ? json({ isValid: false, problem }, 2) : `${paint('bad', 'INVALID')}  ${problem}`)
    return false
  }
  const shown = messagesOf(opened).filter(
    (message) => position === undefined || message.position === position,
  )
  print(asJson ? json(toJson(opened, shown), 2) : describe(opened, shown))
  return true
}

async function open(bytes: Uint8Array): Promise<Disclosure | ProtocolError> {
  try {
    return await openDisclosure(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
}

interface Shown {
  readonly id: string
  readonly position: number
  readonly content: MessageContent
}

function messagesOf({ signed, messages }: Disclosure): Shown[] {
  return messages.map((content, index) => {
    const position = signed.batch.first + index
    return { id: messageId(signed.log, position), position, content }
  })
}

function missing(disclosure: Disclosure, id: string | undefined): string | undefined {
  if (id === undefined || messagesOf(disclosure).some((message) => message.id === id)) return undefined
  const { batch, log } = disclosure.signed
  return `the message ${id} is not in it: it holds ${counted(batch.count, 'message')}, from ${messageId(log, batch.first)} on`
}

function describe({ signed, sender, recipient }: Disclosure, shown: readonly Shown[]): string {
  const { batch } = signed
  const rows: Cell[][] = [
    [{ text: 'valid', tone: 'good' }, 'its sender signed and sealed it, and it is as it was'],
    ['sender', sender],
    ['recipient', recipient],
    ['network', batch.network],
    ['batch', `${counted(batch.count, 'message')}, from ${messageId(signed.log, batch.first)} on`],
  ]
  const messages = shown.map(({ id, content }) =>
    columns([
      ['message', { text: id, tone: 'name' }],
      ['created', describeTime(content.createdAtMs)],
      ['type', content.type],
      [content.contentType, bodyOf(content)],
    ]),
  )
  return [columns(rows), ...messages].join('\n\n')
}

function bodyOf(content: MessageContent): string {
  if (content.contentType !== 'bytes') {
    try {
      return textOf(content)
    } catch {
      // It says that it is text, and is not.
    }
  }
  return counted(content.body.length, 'byte')
}

function toJson({ signed, sender, recipient }: Disclosure, shown: readonly Shown[]) {
  return {
    isValid: true,
    sender,
    recipient,
    network: signed.batch.network,
    messages: shown.map(({ id, content }) => ({
      id,
      type: content.type,
      contentType: content.contentType,
      createdAtMs: content.createdAtMs,
      headers: content.headers,
      ...jsonBody(content),
    })),
  }
}

function jsonBody(content: MessageContent) {
  try {
    if (content.contentType === 'json') return { json: jsonOf(content) }
    if (content.contentType === 'text') return { text: textOf(content) }
  } catch {
    // It is not what it says: as bytes.
  }
  return { base64: Buffer.from(content.body).toString('base64') }
}
