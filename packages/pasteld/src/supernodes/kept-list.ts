import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { explainFileError, MeshError, writeDurableFile } from '@pastel-mesh/identity'
import { z } from 'zod'
import { MAX_SUPERNODES, withPastelId } from './join-lists.ts'
import type { Supernode } from './supernode.ts'

/** A list as it was read from the core. */
export interface SupernodeList {
  /** In ms since 1970. */
  readonly readAtMs: number
  readonly supernodes: readonly Supernode[]
}

const FILE_MODE = 0o600
const VERSION = 1

const SUPERNODE = z.object({
  outpoint: z.string(),
  status: z.string(),
  protocolVersion: z.number(),
  payee: z.string(),
  lastSeen: z.number(),
  activeSeconds: z.number(),
  lastPaidTime: z.number(),
  lastPaidBlock: z.number(),
  ipPort: z.string(),
  rank: z.number().optional(),
  publicKey: z.string(),
  extAddress: z.string(),
  extP2P: z.string(),
  extKey: z.string(),
})
const FILE = z.object({
  version: z.literal(VERSION),
  readAtMs: z.number(),
  supernodes: z.array(SUPERNODE).max(MAX_SUPERNODES),
})

/** The last list, in a file: JSON. */
export class KeptList {
  readonly #path: string

  constructor({ path }: { readonly path: string }) {
    this.#path = path
  }

  /** @returns undefined: there is none @throws MeshError ERR_SUPERNODE_LIST: it cannot be read, or is none */
  async load(): Promise<SupernodeList | undefined> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#error(`cannot be read: ${explainFileError(cause)}`, cause)
    }
    let kept: z.infer<typeof FILE>
    try {
      kept = FILE.parse(JSON.parse(text))
    } catch (cause) {
      throw this.#error('is damaged, and replaced as soon as the core is reached', cause)
    }
    const supernodes = kept.supernodes.map((supernode) =>
      withPastelId({ ...supernode, rank: supernode.rank }),
    )
    // A clock that was ahead when it was written would keep it young for ever.
    return { readAtMs: Math.min(kept.readAtMs, Date.now()), supernodes }
  }

  /** On disk when it resolves. @throws MeshError ERR_SUPERNODE_LIST */
  async save({ readAtMs, supernodes }: SupernodeList): Promise<void> {
    const text = JSON.stringify({ version: VERSION, readAtMs, supernodes })
    try {
      await writeDurableFile(this.#path, text, { mode: FILE_MODE, overwrite: true })
    } catch (cause) {
      throw this.#error(`cannot be written: ${explainFileError(cause)}`, cause)
    }
  }

  #error(what: string, cause: unknown): MeshError {
    const message = `the last known list of supernodes, ${this.#path}, ${what}`
    return new MeshError('ERR_SUPERNODE_LIST', message, { cause })
  }
}

/** The same for lists that differ in nothing but what changes all the time: when each was seen, and for how long. */
export function fingerprint(supernodes: readonly Supernode[]): string {
  const hash = createHash('sha256')
  for (const { lastSeen, activeSeconds, ...rest } of supernodes) {
    hash.update(JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))))
  }
  return hash.digest('hex')
}
