import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Context } from '../trpc.ts'
import { CallMetrics } from './call-metrics.ts'
import { Families } from './families.ts'
import { addNodeFamilies } from './node-families.ts'
import { addQueueFamilies } from './queue-families.ts'
import { addStoreFamilies } from './store-families.ts'

export type NodeMetricsComponents = Pick<
  Context,
  'node' | 'store' | 'queue' | 'bindings' | 'version' | 'onError'
>

/** What can be measured of a node, in one registry; by default of prom-client's process metrics as well. */
export class NodeMetrics {
  readonly registry = new Registry()
  readonly calls = new CallMetrics(this.registry)

  constructor({ node, store, queue, bindings, version, onError }: NodeMetricsComponents) {
    const { registry } = this
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
    collectDefaultMetrics({ register: registry })
  }
}
