import type { NodeController } from '../index.ts'
import { table } from '../table.ts'
import { readVersion } from '../version.ts'

/** What an operator wants to see of a node that has just started. */
export function banner({ node, config, store, apiUrl, metricsUrl }: NodeController): string {
  const lines = table([
    ['PastelID', node.pastelId],
    ['network', node.network],
    ...node.addresses().map((address) => ['listening on', address]),
    ...(apiUrl === undefined ? [] : [['API', apiUrl]]),
    ...(metricsUrl === undefined ? [] : [['metrics', `${metricsUrl}/metrics`]]),
    ['topics', node.topics.join(', ') || (config.relay ? 'none yet' : 'none yet: --topic NAME')],
    ...(config.relay ? [['relay', 'carries every topic that a node of the network announces']] : []),
    ['members', config.members === 'open' ? 'open: anybody' : `${config.dataDir}/members`],
    ['data', config.dataDir],
    ['stored', `${store.end} messages`],
  ])
  return `Pastel Mesh ${readVersion()}, ready\n${lines}`
}

/** The same, for programs. */
export function bannerFields({ node, config, store, apiUrl, metricsUrl }: NodeController) {
  return {
    version: readVersion(),
    pastelId: node.pastelId,
    network: node.network,
    addresses: node.addresses(),
    topics: node.topics,
    relay: config.relay,
    members: config.members,
    dataDir: config.dataDir,
    storedMessages: store.end,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(metricsUrl === undefined ? {} : { metricsUrl }),
  }
}
