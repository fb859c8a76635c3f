import { decode } from '@msgpack/msgpack'

/** How large a msgpack value may be. */
export interface MsgpackLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  /** Entries of one array or one map. */
  readonly maxEntries: number
  /** Bytes of one text, keys included. */
  readonly maxTextBytes: number
}

/**
 * Decodes one msgpack value that fills its bytes, of what a key file can hold: nil, booleans, whole numbers, texts,
 * binary, arrays, and maps with text keys, none twice. Sizes and nesting are checked before the decoder allocates
 * anything: it bounds sizes itself, but not how deep they are nested.
 *
 * @throws Error says in words what is wrong with it
 */
export function decodeBoundedMsgpack(bytes: Uint8Array, limits: MsgpackLimits): unknown {
  if (bytes.length > limits.maxBytes) throw new Error(`it has more than ${limits.maxBytes} bytes`)
  const keys = new Walk(bytes, limits).walk()
  let count = 0
  const value: unknown = decode(bytes, {
    maxBinLength: limits.maxBytes,
    maxStrLength: limits.maxTextBytes,
    maxArrayLength: limits.maxEntries,
    maxMapLength: limits.maxEntries,
    maxExtLength: 0,
  })
  countKeys(value)
  // The decoder keeps the last of two entries with one key; another one may keep the first.
  if (count !== keys) throw new Error('a map has a key twice')
  return value

  function countKeys(part: unknown): void {
    if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return
    if (!Array.isArray(part)) count += Object.keys(part).length
    for (const inner of Object.values(part)) countKeys(inner)
  }
}

/** Goes over the heads of a value without taking anything out of it. */
class Walk {
  readonly #view: DataView
  readonly #limits: MsgpackLimits
  #at = 0
  #keys = 0

  constructor(bytes: Uint8Array, limits: MsgpackLimits) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
  }

  /** @returns how many keys its maps have */
  walk(): number {
    this.#value(0)
    if (this.#at !== this.#view.byteLength) throw new Error('there are bytes behind its end')
    return this.#keys
  }

  #value(depth: number): void {
    if (depth > this.#limits.maxDepth) throw new Error(`it is nested more than ${this.#limits.maxDepth} deep`)
    const head = this.#number(1)
    // Small whole numbers, nil, false, true.
    if (head < 0x80 || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) return
    if (head < 0x90) this.#map(head & 0x0f, depth)
    else if (head < 0xa0) this.#entries(head & 0x0f, depth)
    else if (head < 0xc0) this.#text(head & 0x1f)
    // bin 8, 16, 32
    else if (head >= 0xc4 && head <= 0xc6) this.#skip(this.#number(1 << (head - 0xc4)))
    // uint 8 to 64, int 8 to 64
    else if (head >= 0xcc && head <= 0xd3) this.#skip(1 << ((head - 0xcc) & 3))
    // str 8, 16, 32; array 16, 32; map 16, 32
    else if (head >= 0xd9 && head <= 0xdb) this.#text(this.#number(1 << (head - 0xd9)))
    else if (head === 0xdc || head === 0xdd) this.#entries(this.#number(head === 0xdc ? 2 : 4), depth)
    else if (head === 0xde || head === 0xdf) this.#map(this.#number(head === 0xde ? 2 : 4), depth)
    else throw new Error(`it has a value of a kind (0x${head.toString(16)}) that does not belong there`)
  }

  #map(entries: number, depth: number): void {
    this.#checkEntries(entries)
    this.#keys += entries
    for (let i = 0; i < entries; i += 1) {
      const head = this.#view.byteLength > this.#at ? this.#view.getUint8(this.#at) : 0xa0
      const isText = (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb)
      if (!isText) throw new Error('a map has a key that is no text')
      this.#value(depth + 1)
      this.#value(depth + 1)
    }
  }

  #entries(entries: number, depth: number): void {
    this.#checkEntries(entries)
    for (let i = 0; i < entries; i += 1) this.#value(depth + 1)
  }

  #checkEntries(entries: number): void {
    if (entries > this.#limits.maxEntries) throw new Error(`it has ${entries} entries in one place`)
  }

  #text(sizeBytes: number): void {
    if (sizeBytes > this.#limits.maxTextBytes) throw new Error(`it has a text of ${sizeBytes} bytes`)
    this.#skip(sizeBytes)
  }

  #skip(sizeBytes: number): void {
    if (sizeBytes > this.#view.byteLength - this.#at) throw new Error('it ends too early')
    this.#at += sizeBytes
  }

  #number(sizeBytes: number): number {
    const at = this.#at
    this.#skip(sizeBytes)
    if (sizeBytes === 1) return this.#view.getUint8(at)
    return sizeBytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }
}
