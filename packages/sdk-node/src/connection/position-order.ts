/**
 * Things by their positions, which only grow: what is added stands at the end, what is removed leaves a hole, and
 * when most are holes the rest moves together. So what comes from a position on is found by halving, and read in
 * order, however much stands before it.
 */
export class PositionOrder<T extends { readonly position: number }> {
  readonly #positions: number[] = []
  readonly #items: (T | undefined)[] = []
  #holes = 0

  /** @param item one with a higher position than all before */
  add(item: T): void {
    this.#positions.push(item.position)
    this.#items.push(item)
  }

  remove({ position }: T): void {
    const index = this.#indexOf(position)
    if (this.#positions[index] !== position || this.#items[index] === undefined) return
    this.#items[index] = undefined
    this.#holes += 1
    if (this.#holes > this.#items.length / 2) this.#moveTogether()
  }

  /** What stands at a position or after it, in order; nothing may be added or removed meanwhile. */
  *from(position: number): Generator<T> {
    for (let index = this.#indexOf(position); index < this.#items.length; index += 1) {
      const item = this.#items[index]
      if (item !== undefined) yield item
    }
  }

  /** Of the first that is not before a position. */
  #indexOf(position: number): number {
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] as number) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  #moveTogether(): void {
    const left = this.#items.filter((item) => item !== undefined)
    this.#positions.length = 0
    this.#items.length = 0
    this.#holes = 0
    for (const item of left) this.add(item)
  }
}
