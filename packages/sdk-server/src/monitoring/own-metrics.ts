import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Values of the labels of a metric, by their names; of a long one the beginning. What is not given is empty. */
export type MetricLabels<Label extends string = string> = Readonly<Partial<Record<Label, string>>>

/** A metric of a plugin. */
export interface MetricDefinition {
  /** `counter`: only grows; `gauge`: goes up and down; `histogram`: how values are spread. */
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** What it counts or measures, in one line. */
  readonly help: string
  /** Names of its labels. @default none */
  readonly labels?: readonly string[]
  /** Upper ends of the buckets of a histogram. @default those for seconds, from 1 ms to 30 s */
  readonly buckets?: readonly number[]
}

/** By their names, which end in their unit: `request_seconds`; `_total` is added to those of counters. */
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>

export interface CounterMetric<Label extends string = string> {
  /** @param by 0 or more @default 1 @throws Error: it is less, or no number */
  inc(by?: number, labels?: MetricLabels<Label>): void
}

export interface GaugeMetric<Label extends string = string> {
  /** @throws TypeError: it is no number */
  set(value: number, labels?: MetricLabels<Label>): void
}

export interface HistogramMetric<Label extends string = string> {
  /** @throws TypeError: it is no number */
  observe(value: number, labels?: MetricLabels<Label>): void
}

type LabelOf<D extends MetricDefinition> = D['labels'] extends readonly (infer Label extends string)[]
  ? Label
  : never

/** What is there to each definition. */
export type MetricsOf<M extends MetricDefinitions> = {
  readonly [Name in keyof M]: M[Name]['type'] extends 'counter'
    ? CounterMetric<LabelOf<M[Name]>>
    : M[Name]['type'] extends 'gauge'
      ? GaugeMetric<LabelOf<M[Name]>>
      : HistogramMetric<LabelOf<M[Name]>>
}

/** As for what a plugin calls: from what reads memory to what waits for others. */
const BUCKETS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
/** Sets of label values that one metric takes; what comes further is counted as `other`. */
const MAX_LABEL_SETS = 200
const OTHER = 'other'
/** Characters of a value of a label. */
const MAX_LABEL = 100

/** The prefix of the metrics of a plugin: `pmesh_ext_price_feed`. */
export function metricPrefix(plugin: string): string {
  return `pmesh_ext_${snakeCase(plugin)}`
}

/**
 * Metrics under a prefix.
 * @throws Error: a name or a label is none, or is taken
 */
export function addMetrics<M extends MetricDefinitions>(
  registry: Registry,
  prefix: string,
  definitions: M,
): MetricsOf<M> {
  const made = Object.entries(definitions).map(([name, definition]) => [
    name,
    addMetric(registry, `${prefix}_${snakeCase(name)}`, definition),
  ])
  return Object.fromEntries(made) as MetricsOf<M>
}

function addMetric(
  registry: Registry,
  name: string,
  { type, help, labels = [], buckets = BUCKETS }: MetricDefinition,
): CounterMetric | GaugeMetric | HistogramMetric {
  const options = { name, help, labelNames: [...labels], registers: [registry] }
  const bounded = boundedLabels(labels)
  if (type === 'counter') {
    const counter = new Counter({ ...options, name: name.endsWith('_total') ? name : `${name}_total` })
    return { inc: (by = 1, values) => counter.inc(bounded(values), by) }
  }
  if (type === 'gauge') {
    const gauge = new Gauge(options)
    return { set: (value, values) => gauge.set(bounded(values), value) }
  }
  const histogram = new Histogram({ ...options, buckets: [...buckets] })
  return { observe: (value, values) => histogram.observe(bounded(values), value) }
}

/** What others choose, as the names of senders, must not become labels without end. */
function boundedLabels(names: readonly string[]): (values?: MetricLabels) => Record<string, string> {
  const seen = new Set<string>()
  return (values = {}) => {
    const labels = names.map((name) => String(values[name] ?? '').slice(0, MAX_LABEL))
    const key = JSON.stringify(labels)
    if (!seen.has(key)) {
      if (seen.size >= MAX_LABEL_SETS) return Object.fromEntries(names.map((name) => [name, OTHER]))
      seen.add(key)
    }
    return Object.fromEntries(names.map((name, index) => [name, labels[index] as string]))
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
