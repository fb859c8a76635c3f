import type { KeyObject } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  isPastelId,
  MeshError,
  type PastelId,
  privateKeyObject,
  readKeyFile,
  writeKeyFile,
} from '@pastel-mesh/identity'

export interface HeldKey {
  readonly pastelId: PastelId
  readonly seed: Uint8Array
  readonly passphrase: string
  readonly legRoastKey: () => string
}

/**
 * The keys of a core, in its `pastelkeys`. Its own is held in memory too, and written only when somebody wants the file:
 * each takes a fifth of a second and 64 MiB. Files that others put there are opened as a core would.
 */
export class KeyRing {
  readonly #folder: string
  readonly #own: HeldKey
  /** What was opened, by PastelID and passphrase. */
  readonly #opened = new Map<string, KeyObject>()

  constructor(folder: string, own: HeldKey) {
    this.#folder = folder
    this.#own = own
    this.#opened.set(`${own.pastelId}/${own.passphrase}`, privateKeyObject(own.seed))
  }

  get ownPath(): string {
    return join(this.#folder, this.#own.pastelId)
  }

  /** @returns its path */
  async writeOwn(): Promise<string> {
    const { seed, passphrase } = this.#own
    try {
      await writeKeyFile(this.ownPath, seed, passphrase)
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== 'ERR_KEY_FILE_EXISTS') throw error
    }
    return this.ownPath
  }

  list(): { PastelID: string; legRoastKey: string }[] {
    const ids = new Set<string>([this.#own.pastelId, ...readdirSync(this.#folder).filter(isPastelId)])
    return [...ids].sort().map((id) => ({
      PastelID: id,
      // That of another's file is in it, and nobody here asks for it.
      legRoastKey: id === this.#own.pastelId ? this.#own.legRoastKey() : '',
    }))
  }

  async open(pastelId: string, passphrase: string): Promise<KeyObject | 'unknown' | 'wrong-passphrase'> {
    const name = `${pastelId}/${passphrase}`
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    if (pastelId === this.#own.pastelId) return 'wrong-passphrase'
    // Also because a text that is none could lead out of the folder.
    if (!isPastelId(pastelId)) return 'unknown'
    try {
      const key = privateKeyObject(await readKeyFile(join(this.#folder, pastelId), passphrase))
      this.#opened.set(name, key)
      return key
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      return error.code === 'ERR_KEY_FILE_PASSPHRASE' ? 'wrong-passphrase' : 'unknown'
    }
  }
}
