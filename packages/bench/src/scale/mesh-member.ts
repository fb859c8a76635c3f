import { createController, type NodeController } from '@pastel-mesh/node'
import { type Member, NETWORK, TOPIC } from './member.ts'

/** A whole node as `pmesh start` runs it, with the members of its file, which is told one address and finds the rest. */
export async function prepareMeshMember(directory: string): Promise<Member> {
  const config = {
    dataDir: directory,
    network: NETWORK,
    topics: [TOPIC],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    manyPeersPerHost: true,
    // All parts, and many nodes on one machine.
    api: { listen: '127.0.0.1:0' },
    metrics: { listen: '127.0.0.1:0' },
  }
  // Makes the keys: who belongs to the mesh has to be known before it starts.
  const { node: unused } = await createController(config)
  let controller: NodeController | undefined
  const running = () => {
    if (controller === undefined) throw new Error('the node was not started')
    return controller.node
  }
  return {
    pastelId: unused.pastelId,
    async start(bootstrap) {
      controller = await createController({ ...config, bootstrap: [...bootstrap] })
      await controller.start()
      return running().addresses()[0] ?? ''
    },
    peers: () => running().peers().length,
    subscribers: () => running().topicPeers(TOPIC).length,
    known: () => running().knownNodes().length,
    async publish(bodies) {
      await running().publishMany(
        TOPIC,
        bodies.map((bytes) => ({ bytes })),
      )
    },
    delivered: () => running().counters.received.messages,
    sent: () =>
      Object.fromEntries(Object.entries(running().counters.sent).map(([name, { bytes }]) => [name, bytes])),
    duplicates: () => running().counters.dropped.duplicate,
    verifications: () => running().counters.verifications,
    async stop() {
      await controller?.stop()
    },
  }
}
