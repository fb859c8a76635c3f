import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Context } from '../trpc.ts'
import { CallMetrics } from './call-metrics.ts'
import { Families } from './families.ts'
import { addNodeFamilies } from './node-families.ts'
import { addMetrics, type MetricDefinitions, type MetricsOf } from './own-metrics.ts'
import { addPasteldFamilies } from './pasteld-families.ts'
import { addPluginFamilies } from './plugin-families.ts'
import { addQueueFamilies } from './queue-families.ts'
import { addStoreFamilies } from './store-families.ts'
import { pageOfMeters } from './transport-families.ts'

export type NodeMetricsComponents = Pick<
  Context,
  'node' | 'store' | 'queue' | 'bindings' | 'plugins' | 'pasteld' | 'version' | 'onError'
>

/** What can be measured of a node, its transport, what is kept in it and its process. */
export class NodeMetrics {
  readonly #registry = new Registry()
  readonly #node: NodeMetricsComponents['node']
  readonly #onError: (error: Error) => void
  readonly calls = new CallMetrics(this.#registry)

  constructor(components: NodeMetricsComponents) {
    const { node, store, queue, bindings, plugins, pasteld, version, onError } = components
    this.#node = node
    this.#onError = onError
    const registry = this.#registry
    const families = new Families({ registry, onError })
    families.gauge({
      name: 'pmesh_build_info',
      help: 'What runs: always 1',
      labels: ['version', 'network', 'pastelid'],
      read: () => [[{ version, network: node.network, pastelid: node.pastelId }, 1]],
    })
    addNodeFamilies(families, node)
    addStoreFamilies(families, store)
    addQueueFamilies(families, { queue, bindings })
    addPluginFamilies(families, plugins)
    if (pasteld !== undefined) addPasteldFamilies(families, pasteld)
    collectDefaultMetrics({ register: registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Further ones, of a plugin. @throws Error: a name or a label is none, or is taken */
  add<M extends MetricDefinitions>(prefix: string, definitions: M): MetricsOf<M> {
    return addMetrics(this.#registry, prefix, definitions)
  }

  /** What Prometheus collects. What the transport counts is left out if it cannot be read. */
  async page(): Promise<string> {
    const [own, transport] = await Promise.all([this.#registry.metrics(), this.#transport()])
    return `${own}${transport}`
  }

  async #transport(): Promise<string> {
    try {
      return await pageOfMeters(await this.#node.meters.read())
    } catch (cause) {
      const { message } = cause as Error
      this.#onError(new Error(`the metrics of the transport cannot be read: ${message}`, { cause }))
      return ''
    }
  }
}
