import type {
  AvgMinMax,
  AvgMinMaxConfig,
  Gauge,
  GaugeConfig,
  Histogram,
  HistogramConfig,
  MetricsRegister,
} from '@libp2p/gossipsub/metrics'
import { labelOfGossipTopic } from '@pastel-mesh/protocol'
import { Distribution } from './distribution.ts'
import { GOSSIPSUB_SHAPES, type GossipsubShape } from './gossipsub-shapes.ts'
import type { Meter } from './meter.ts'
import { Tally } from './tally.ts'

type Labels = Record<string, string | number>
/** Gossipsub gives labels to those that have some, and none to the others: its types tell, and these are of both. */
type Given = Labels | number | undefined

/** Where gossipsub says no bounds, in seconds. */
const DEFAULT_BOUNDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

interface Family {
  readonly name: string
  readonly shape: GossipsubShape
  readonly values: Tally | Distribution
}

/** What gossipsub counts, through its own interface for metrics; numbers alone, as those of libp2p. */
export class GossipsubMeters implements MetricsRegister {
  readonly #families = new Map<string, Family>()
  readonly #collects: (() => void)[] = []

  /** As it is now. */
  read(): Meter[] {
    for (const { shape, values } of this.#families.values()) {
      if (shape.isTold === true && values instanceof Tally) values.clear()
    }
    for (const collect of this.#collects) collect()
    return [...this.#families.values()].map(toMeter)
  }

  gauge<L extends Labels>({ name }: GaugeConfig<L>): Gauge<L> {
    const shape = GOSSIPSUB_SHAPES[name]
    const tally = this.#values(name, () => new Tally()) as Tally
    const act = (given: Given, value: number | undefined, what: 'add' | 'set') => {
      if (typeof given === 'object') tally[what](keyOf(shape, given), value ?? 1)
      else tally[what]('', given ?? 1)
    }
    const gauge = {
      inc: (given: Given, value?: number) => act(given, value, 'add'),
      set: (given: Given, value?: number) => act(given, value, 'set'),
      addCollect: (collect: (gauge: Gauge<L>) => void) => {
        this.#collects.push(() => collect(gauge as unknown as Gauge<L>))
      },
    }
    return gauge as unknown as Gauge<L>
  }

  histogram<L extends Labels>({ name, buckets = DEFAULT_BOUNDS }: HistogramConfig<L>): Histogram<L> {
    const distribution = this.#values(name, () => new Distribution(buckets)) as Distribution
    const observe = (given: Labels | number, value?: number) =>
      distribution.observe(typeof given === 'object' ? (value ?? 0) : given)
    return {
      observe: observe as unknown as Histogram<L>['observe'],
      // Those that are begun anew with each reading are not shown.
      reset: () => {},
      startTimer: () => {
        const began = performance.now()
        return () => observe((performance.now() - began) / 1_000)
      },
    }
  }

  avgMinMax<L extends Labels>({ name }: AvgMinMaxConfig<L>): AvgMinMax<L> {
    const tally = this.#values(name, () => new Tally()) as Tally
    const set = (given: Labels | number[], values: number[] = []) => {
      const all = Array.isArray(given) ? given : values
      if (all.length === 0) return
      tally.set('mean', all.reduce((sum, one) => sum + one, 0) / all.length)
      tally.set('min', Math.min(...all))
      tally.set('max', Math.max(...all))
    }
    return { set: set as unknown as AvgMinMax<L>['set'] }
  }

  #values(given: string, create: () => Tally | Distribution): Tally | Distribution {
    const shape = GOSSIPSUB_SHAPES[given]
    if (shape === undefined) return create()
    const name = shape.name ?? given
    const family = this.#families.get(name) ?? { name, shape, values: create() }
    this.#families.set(name, family)
    if (family.values instanceof Tally) {
      if (shape.as !== undefined) family.values.add(shape.as, 0)
      if (shape.label === undefined) family.values.add('', 0)
    }
    return family.values
  }
}

function keyOf(shape: GossipsubShape | undefined, labels: Labels): string {
  if (shape?.label === undefined) return ''
  if (shape.as !== undefined) return shape.as
  for (const name in labels) {
    const value = String(labels[name])
    return shape.label === 'topic' ? labelOfGossipTopic(value) : value
  }
  return ''
}

function toMeter({ name, shape: { help, type, label }, values }: Family): Meter {
  if (values instanceof Distribution) return { name, help, type: 'histogram', ...values.read() }
  const samples = [...values.entries()].map(
    ([key, value]) => [label === undefined ? {} : { [label]: key }, value] as const,
  )
  return { name, help, type: type === 'gauge' ? 'gauge' : 'counter', samples }
}
