import { appendFileSync, existsSync, readFileSync } from 'node:fs'

/**
 * What `masternode message list` shows: all that ever came to one core, ordered by the messages' ids. Written down
 * before its sender is answered, so that it is there after a kill.
 */
export class ReceivedMessages {
  readonly #path: string
  /** Ordered by their keys. */
  readonly #entries: { readonly key: string; readonly entry: unknown }[] = []

  constructor(path: string) {
    this.#path = path
    if (!existsSync(path)) return
    const text = readFileSync(path, 'utf8')
    for (const line of text.split('\n')) {
      try {
        this.#insert(JSON.parse(line))
      } catch {
        // The last one, which a kill cut off: its sender was not answered.
      }
    }
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n')
  }

  get list(): readonly unknown[] {
    return this.#entries.map(({ entry }) => entry)
  }

  add(entry: unknown): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`)
    this.#insert(entry)
  }

  #insert(entry: unknown): void {
    const key = typeof entry === 'object' && entry !== null ? (Object.keys(entry)[0] ?? '') : ''
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle]?.key ?? '') < key) low = middle + 1
      else high = middle
    }
    this.#entries.splice(low, 0, { key, entry })
  }
}
