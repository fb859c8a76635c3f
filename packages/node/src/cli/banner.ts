import type { NodeController } from '../index.ts'
import { table } from '../table.ts'
import { readVersion } from '../version.ts'

/** What an operator wants to see of a node that has just started. */
export function banner(controller: NodeController): string {
  const { node, config, store, apiUrl, metricsUrl } = controller
  const lines = table([
    ['PastelID', node.pastelId],
    ['network', node.network],
    ...node.addresses().map((address) => ['listening on', address]),
    ...(apiUrl === undefined ? [] : [['API', apiUrl]]),
    ...(metricsUrl === undefined ? [] : [['metrics', `${metricsUrl}/metrics`]]),
    ['topics', node.topics.join(', ') || (config.relay ? 'none yet' : 'none yet: --topic NAME')],
    ...(config.relay ? [['relay', 'carries every topic that a node of the network announces']] : []),
    ...addedRows(controller),
    ['members', describeMembers(config)],
    ['data', config.dataDir],
    ['stored', `${store.end} messages`],
  ])
  return `Pastel Mesh ${readVersion()}, ready\n${lines}`
}

function describeMembers({ members, dataDir }: NodeController['config']): string {
  if (members === 'open') return 'open: anybody'
  return members === 'pasteld' ? 'the supernodes that the Pastel core lists' : `${dataDir}/members`
}

/** What plugins and the program add to a node. */
function addedRows(controller: NodeController): string[][] {
  const { background, jobs, plugins, procedures, messages } = added(controller)
  return [
    ...plugins.map(({ name, source }) => ['plugin', source === undefined ? name : `${name} (${source})`]),
    ...procedures.map((name) => ['procedure', name]),
    ...(messages.length === 0 ? [] : [['messages of', messages.join(', ')]]),
    ...(jobs.length === 0 ? [] : [['jobs', jobs.join(', ')]]),
    ...background.map(({ name, timing }) => ['background', `${name} ${timing}`]),
  ]
}

function added(controller: NodeController) {
  const plugins = controller.plugins()
  return {
    plugins: plugins.map(({ name, source }) => ({ name, ...(source === undefined ? {} : { source }) })),
    procedures: controller.procedures.filter((name) => !/^(service|admin|auth)\./.test(name)),
    jobs: controller.queue.handlers,
    messages: [...new Set(plugins.flatMap(({ messages }) => messages))],
    background: plugins.flatMap(({ name: plugin, background }) =>
      background.map(({ name, timing }) => ({ name: `${plugin}.${name}`, timing })),
    ),
  }
}

/** The same, for programs. */
export function bannerFields(controller: NodeController) {
  const { node, config, store, apiUrl, metricsUrl } = controller
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
    ...added(controller),
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(metricsUrl === undefined ? {} : { metricsUrl }),
  }
}
