import { nameOf } from './records.ts'

interface Told {
  /** By sender: the greatest number that was shown before it, and the least after it. */
  readonly before: ReadonlyMap<number, number>
  readonly after: Map<number, number>
}

/** Between which messages the reader of a channel was told that retention had removed what it had not read. */
export class Overtaking {
  readonly #told: Told[] = []
  /** Those since the reader last began anew: what is shown now is behind them. */
  #open: Told[] = []
  #greatest = new Map<number, number>()

  shown(text: string): void {
    const name = nameOf(text)
    if (name === undefined) return
    const { sender, number } = name
    this.#greatest.set(sender, Math.max(this.#greatest.get(sender) ?? -1, number))
    for (const { after } of this.#open) {
      after.set(sender, Math.min(after.get(sender) ?? Number.POSITIVE_INFINITY, number))
    }
  }

  told(): void {
    const told = { before: new Map(this.#greatest), after: new Map() }
    this.#told.push(told)
    this.#open.push(told)
  }

  beginAnew(): void {
    this.#open = []
    this.#greatest = new Map()
  }

  get wasTold(): boolean {
    return this.#told.length > 0
  }

  readonly isBetween = (sender: number, number: number): boolean =>
    this.#told.some(
      ({ before, after }) =>
        number > (before.get(sender) ?? -1) && number < (after.get(sender) ?? Number.POSITIVE_INFINITY),
    )
}
