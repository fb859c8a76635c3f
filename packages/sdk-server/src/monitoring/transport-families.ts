import type { HistogramMeter, Meter } from '@pastel-mesh/sdk-node'
import { type Metric, Registry } from 'prom-client'

interface Value {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Of histograms: with what the name ends. */
  readonly metricName?: string
}

/** What the transport counts, as Prometheus reads it. */
export function pageOfMeters(meters: readonly Meter[]): Promise<string> {
  const registry = new Registry()
  for (const meter of meters) {
    const { name, help, type } = meter
    const values = type === 'histogram' ? bucketsOf(meter) : meter.samples.map(toValue)
    const read = async () => ({ name, help, type, aggregator: 'sum', values })
    // All that a registry asks of its metrics; prom-client's own count by themselves, which these have done already.
    registry.registerMetric({ name, help, type, get: read } as unknown as Metric)
  }
  return registry.metrics()
}

function toValue([labels, value]: readonly [Value['labels'], number]): Value {
  return { labels, value }
}

function bucketsOf({ name, buckets, sum, count }: HistogramMeter): Value[] {
  const bucket = (le: string, value: number) => ({ labels: { le }, value, metricName: `${name}_bucket` })
  return [
    ...buckets.map(([bound, below]) => bucket(String(bound), below)),
    bucket('+Inf', count),
    { labels: {}, value: sum, metricName: `${name}_sum` },
    { labels: {}, value: count, metricName: `${name}_count` },
  ]
}
