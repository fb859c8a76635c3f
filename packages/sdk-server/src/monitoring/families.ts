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

/** What only grows, from the start of the process. */
export function addCounter(registry: Registry, { name, help, labels = [], read }: Family): void {
  const counter = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const samples = await read()
      counter.reset()
      for (const [label, value] of toSamples(samples)) counter.inc(label, value)
    },
  })
}

/** What goes up and down. */
export function addGauge(registry: Registry, { name, help, labels = [], read }: Family): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const samples = await read()
      gauge.reset()
      for (const [label, value] of toSamples(samples)) gauge.set(label, value)
    },
  })
}

/** The entries of an object that counts, under one label. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Samples {
  return Object.entries(values).map(([name, value]) => [{ [label]: name }, value])
}

function toSamples(samples: Samples | number): Samples {
  return typeof samples === 'number' ? [[{}, samples]] : samples
}
