import { writeFile } from 'node:fs/promises'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import { encodeDisclosure, parseMessageId, readStoredBatch } from '@pastel-mesh/protocol'
import type { DisclosureOutput } from '@pastel-mesh/sdk-server'
import { openStoredProof } from './find-proof.ts'
import { json, print, warn } from './output.ts'
import { counted } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

export interface ExportRequest {
  readonly id: string
  /** Absent: it is printed. */
  readonly file?: string | undefined
  readonly asJson: boolean
}

/**
 * Writes down what shows others a direct message.
 * @throws MeshError ERR_NOT_STORED, ERR_SEALED, ERR_NO_RECIPIENT, ERR_NO_CERTIFICATE, ERR_DISCLOSURE_FILE
 */
export async function exportDisclosure(dataDir: string, { id, file, asJson }: ExportRequest): Promise<void> {
  const found = await findDisclosure(dataDir, id)
  const { disclosure, messages } = found
  if (file !== undefined) await save(file, Buffer.from(disclosure, 'base64'))
  if (asJson) return print(json(file === undefined ? found : { id: found.id, messages, file }))
  if (messages > 1) {
    warn(`the message was signed together with others: all ${counted(messages, 'message')} are disclosed`)
  }
  print(
    file === undefined
      ? disclosure
      : `saved ${file}: whoever has it can read the message; "pmesh verify --disclosed" checks it anywhere`,
  )
}

/** From the node, or if none runs, from its database. */
async function findDisclosure(dataDir: string, id: string): Promise<DisclosureOutput> {
  try {
    return await withClient(dataDir, (api) => api.service.messages.disclose.query({ id }))
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_NO_NODE')) throw error
  }
  parseMessageId(id)
  const { envelope, secret } = await openStoredProof(dataDir, id)
  if (secret === undefined) {
    throw new MeshError(
      'ERR_SEALED',
      `the message ${id} is no direct message, or only its sender and its recipient can disclose it`,
    )
  }
  const disclosure = encodeDisclosure({ envelope, secret })
  const messages = readStoredBatch(envelope).batch.count
  return { id, disclosure: Buffer.from(disclosure).toString('base64'), messages }
}

async function save(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // It tells what only two were to know: nobody else reads it, and it replaces nothing.
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new MeshError('ERR_DISCLOSURE_FILE', `${path} is there already: give another name, or remove it`)
    }
    throw new MeshError(
      'ERR_DISCLOSURE_FILE',
      `the disclosure cannot be written to ${path}: ${explainFileError(cause)}`,
      { cause },
    )
  }
}
