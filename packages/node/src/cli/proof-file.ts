import { readFile, stat } from 'node:fs/promises'
import { MeshError } from '@pastel-mesh/identity'
import { isDisclosure, MAX_DISCLOSURE_BYTES, openBatch } from '@pastel-mesh/protocol'
import { explainInputError } from './explain-input-error.ts'

/** What a file is to be. */
type ProofKind = 'proof' | 'disclosure'

const KINDS = {
  proof: { code: 'ERR_PROOF_FILE', maker: '"pmesh verify ID --out FILE"', flag: '--proof' },
  disclosure: {
    code: 'ERR_DISCLOSURE_FILE',
    maker: '"pmesh export --disclose ID FILE"',
    flag: '--disclosed',
  },
} as const

/**
 * A proof or a disclosure, as it was saved, or as it was printed: in base64. One that is the other, or clearly
 * something else, is refused with what it is; what is damaged is not.
 * @throws MeshError ERR_PROOF_FILE, ERR_DISCLOSURE_FILE
 */
export async function readProofFile(path: string, wanted: ProofKind): Promise<Buffer> {
  const { code, maker } = KINDS[wanted]
  let bytes: Buffer | undefined
  try {
    const { size } = await stat(path)
    // Whatever is larger is none, and need not be read to say so.
    if (size <= MAX_DISCLOSURE_BYTES * 2) bytes = await readFile(path)
  } catch (cause) {
    throw new MeshError(code, `the ${wanted} ${path} cannot be read: ${explainInputError(cause)}`, { cause })
  }
  if (bytes === undefined)
    throw new MeshError(code, `${path} is larger than any ${wanted}: ${maker} writes one`)
  const content = withoutBase64(bytes)
  const found = kindOf(content)
  if (found === undefined || found === wanted) return content
  const advice =
    found === 'proof' || found === 'disclosure'
      ? `check it with "pmesh verify ${KINDS[found].flag} ${path}"`
      : `${maker} writes one`
  throw new MeshError(code, `${path} is ${NAMES[found]}, and no ${wanted}: ${advice}`)
}

/** Where somebody gave a file for the id of a message: how it is checked. @returns undefined if there is none */
export async function howToCheck(path: string): Promise<string | undefined> {
  for (const [kind, { flag }] of Object.entries(KINDS)) {
    const isIt = await readProofFile(path, kind as ProofKind).then(
      (bytes) => kindOf(bytes) === kind,
      () => false,
    )
    if (isIt) return `"pmesh verify ${flag} ${path}" checks that file`
  }
  return undefined
}

const NAMES = {
  proof: 'the proof of a message, as "pmesh verify ID --out" writes it',
  disclosure: 'a disclosure, as "pmesh export --disclose" writes it',
  empty: 'empty',
  key: 'a key file of Pastel',
  json: 'JSON',
} as const

type Found = keyof typeof NAMES

function kindOf(bytes: Buffer): Found | undefined {
  if (bytes.length === 0) return 'empty'
  if (isDisclosure(bytes)) return 'disclosure'
  if (bytes.toString('latin1', 0, 21) === 'PastelSecureContainer') return 'key'
  if (isJson(bytes)) return 'json'
  try {
    openBatch(bytes)
    return 'proof'
  } catch {
    return undefined
  }
}

function isJson(bytes: Buffer): boolean {
  if (!/^\s*[[{]/.test(bytes.toString('latin1', 0, 100))) return false
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}

function withoutBase64(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').trim()
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : bytes
}
