import { Counter, Gauge, type Registry } from 'prom-client'

/** Values of one family, each with its labels. */
export type Samples = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]

export interface Family {
  /** With its unit; of a counter ending in `_total`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** What it is now. What fails leaves the family empty, not the page. */
  readonly read: () => Samples | number | Promise<Samples | number>
}

/** Families of one registry. */
export class Families {
  readonly #registry: Registry
  readonly #onError: (error: Error) => void

  constructor({ registry, onError }: { registry: Registry; onError: (error: Error) => void }) {
    this.#registry = registry
    this.#onError = onError
  }

  /** What only grows, from the start of the process. */
  counter({ name, help, labels = [], read }: Family): void {
    const collect = async () => {
      const samples = await this.#samplesOf(name, read)
      counter.reset()
      for (const [label, value] of samples) counter.inc(label, value)
    }
    const counter = new Counter({ name, help, labelNames: [...labels], registers: [this.#registry], collect })
  }

  /** What goes up and down. */
  gauge({ name, help, labels = [], read }: Family): void {
    const collect = async () => {
      const samples = await this.#samplesOf(name, read)
      gauge.reset()
      // What was never set is 0 otherwise, and that it is not.
      if (samples.length === 0 && labels.length === 0) gauge.remove()
      for (const [label, value] of samples) gauge.set(label, value)
    }
    const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry], collect })
  }

  async #samplesOf(name: string, read: Family['read']): Promise<Samples> {
    try {
      return toSamples(await read())
    } catch (cause) {
      this.#onError(new Error(`the metric ${name} cannot be read: ${(cause as Error).message}`, { cause }))
      return []
    }
  }
}

/** The entries of an object that counts, under one label. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Samples {
  return Object.entries(values).map(([name, value]) => [{ [label]: name }, value])
}

function toSamples(samples: Samples | number): Samples {
  return typeof samples === 'number' ? [[{}, samples]] : samples
}
