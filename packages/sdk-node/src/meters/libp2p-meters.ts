import type {
  CalculatedMetricOptions,
  CalculateMetric,
  Histogram,
  HistogramGroup,
  Metric,
  MetricGroup,
  MetricOptions,
  Metrics,
  MultiaddrConnection,
} from '@libp2p/interface'
import { watchBytes } from '../connection/stream-meter.ts'
import { LIBP2P_SHAPES, type Libp2pShape } from './libp2p-shapes.ts'
import type { CountMeter } from './meter.ts'
import { Tally } from './tally.ts'

type Single = MetricOptions | CalculatedMetricOptions
type Group = MetricOptions | CalculatedMetricOptions<Record<string, number>>
type Calculate = () => Promise<Record<string, number>>

interface Family {
  readonly name: string
  readonly shape: Libp2pShape
  readonly tally: Tally
  /** What is asked for its values; each listener has one of its own. */
  readonly calculations: Calculate[]
}

/** Of those that nothing here uses. */
const NOTHING: Histogram & HistogramGroup = { observe: () => {}, reset: () => {}, timer: () => () => {} }

/**
 * What libp2p counts, through its own interface for metrics. Numbers alone: a page for Prometheus is made of them when
 * somebody asks for it.
 */
export class Libp2pMeters implements Metrics {
  readonly #families = new Map<string, Family>()
  /** Bytes of connections, with what encryption and multiplexing add: `tcp sent`. */
  readonly #bytes = new Tally()

  /** As it is now. */
  async read(): Promise<CountMeter[]> {
    const meters = await Promise.all([...this.#families.values()].map(readFamily))
    const samples = samplesOf(this.#bytes, { labels: ['transport', 'direction'] })
    const help = 'Bytes of connections, with what encryption and multiplexing add'
    return [...meters, { name: 'libp2p_transport_bytes_total', help, type: 'counter', samples }]
  }

  trackMultiaddrConnection(connection: MultiaddrConnection): void {
    const transport = /\/wss?(\/|$)/.test(String(connection.remoteAddr)) ? 'websockets' : 'tcp'
    watchBytes(connection, {
      onSent: (bytes) => this.#bytes.add(`${transport} sent`, bytes),
      onRead: (bytes) => this.#bytes.add(`${transport} received`, bytes),
    })
  }

  /** Streams are counted where they are made. */
  trackProtocolStream(): void {}

  registerMetric(name: string, options?: Single): Metric {
    const calculate = calculationOf<number>(options)
    return single(this.#tally(name, calculate && (async () => ({ '': await calculate() }))))
  }

  registerMetricGroup(name: string, options?: Group): MetricGroup {
    const calculate = calculationOf<Record<string, number>>(options)
    return group(this.#tally(name, calculate && (async () => calculate())))
  }

  registerCounter(name: string, options?: Single): Metric {
    return this.registerMetric(name, options)
  }

  registerCounterGroup(name: string, options?: Group): MetricGroup {
    return this.registerMetricGroup(name, options)
  }

  registerHistogram(): Histogram {
    return NOTHING
  }

  registerHistogramGroup(): HistogramGroup {
    return NOTHING
  }

  registerSummary(): Histogram {
    return NOTHING
  }

  registerSummaryGroup(): HistogramGroup {
    return NOTHING
  }

  traceFunction<F>(_name: string, traced: F): F {
    return traced
  }

  createTrace(): undefined {}

  #tally(name: string, calculate: Calculate | undefined): Tally {
    const shape = LIBP2P_SHAPES[name]
    if (shape === undefined) return new Tally()
    const family = this.#families.get(name) ?? newFamily(name, shape)
    this.#families.set(name, family)
    if (calculate !== undefined) family.calculations.push(calculate)
    return family.tally
  }
}

function calculationOf<T>(options: object | undefined): CalculateMetric<T> | undefined {
  return (options as { readonly calculate?: CalculateMetric<T> } | undefined)?.calculate
}

function newFamily(name: string, shape: Libp2pShape): Family {
  const tally = new Tally()
  if (shape.labels.length === 0) tally.set('', 0)
  return { name: shape.name ?? name, shape, tally, calculations: [] }
}

async function readFamily({ name, shape, tally, calculations }: Family): Promise<CountMeter> {
  if (calculations.length > 0) {
    const all = await Promise.all(calculations.map((calculate) => calculate()))
    tally.clear()
    // What is there twice, such as the connections of a node that was started again, is the same.
    for (const values of all) for (const [key, value] of Object.entries(values)) tally.set(key, value)
  }
  const { help, type } = shape
  return { name, help, type, samples: samplesOf(tally, shape) }
}

function samplesOf(
  tally: Tally,
  { labels: [first, second], rest = '' }: Pick<Libp2pShape, 'labels' | 'rest'>,
): CountMeter['samples'] {
  return [...tally.entries()].map(([key, value]) => {
    if (first === undefined) return [{}, value]
    if (second === undefined) return [{ [first]: key }, value]
    const space = key.indexOf(' ')
    return [
      {
        [first]: space < 0 ? key : key.slice(0, space),
        [second]: space < 0 ? rest : key.slice(space + 1),
      },
      value,
    ]
  })
}

function single(tally: Tally): Metric {
  return {
    update: (value) => tally.set('', value),
    increment: (value = 1) => tally.add('', value),
    decrement: (value = 1) => tally.add('', -value),
    reset: () => tally.clear(),
    timer: () => () => {},
  }
}

function group(tally: Tally): MetricGroup {
  const each = (values: Partial<Record<string, number | true>>, act: (key: string, by: number) => void) => {
    for (const key in values) {
      const value = values[key]
      if (value !== undefined) act(key, value === true ? 1 : value)
    }
  }
  return {
    update: (values) => each(values, (key, value) => tally.set(key, value)),
    increment: (values) => each(values, (key, by) => tally.add(key, by)),
    decrement: (values) => each(values, (key, by) => tally.add(key, -by)),
    reset: () => tally.clear(),
    timer: () => () => {},
  }
}
