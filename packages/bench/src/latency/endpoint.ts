import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
import { createStrictSignNode } from '../strict-sign-node.ts'
import { floorEndpoint } from './floor-endpoint.ts'
import type { Variant } from './protocol.ts'

const TOPIC = 'bench'

/** One of the processes. */
export interface Endpoint {
  address(): string
  connect(address: string): Promise<void>
  /** How many others are known to carry the topic. */
  subscribers(): number
  /** Publishes; resolves when the message is on this node's disk. */
  publish(body: Uint8Array): Promise<void>
  stop(): Promise<void>
}

export interface EndpointOptions {
  readonly directory: string
  /** Hears of every message of another node, when it is stored. */
  readonly onShown: (body: Uint8Array) => void
}

const ENDPOINTS = { mesh: meshEndpoint, 'strict-sign': strictSignEndpoint, floor: floorEndpoint }

export function createEndpoint(kind: Variant['kind'], options: EndpointOptions): Promise<Endpoint> {
  return ENDPOINTS[kind](options)
}

/** A MeshNode with its defaults, read as an application reads: by a subscription. */
async function meshEndpoint({ directory, onShown }: EndpointOptions): Promise<Endpoint> {
  const store = createStore({ directory })
  await store.start()
  const node = await createNode(
    { network: 'bench', topics: [TOPIC], manyPeersPerHost: true },
    {
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      store,
      registry: createOpenRegistry(),
    },
  )
  await node.start()
  const reading = new AbortController()
  const read = async () => {
    for await (const entry of node.subscribe(TOPIC, { from: 'start', signal: reading.signal })) {
      if (entry.kind === 'message' && entry.sender !== node.pastelId) onShown(entry.body)
    }
  }
  const done = read().catch((error) => {
    // A reader that fails must not look like one that has nothing to read.
    if (!reading.signal.aborted) throw error
  })
  return {
    address: () => node.addresses()[0] ?? '',
    async connect(address) {
      await node.connect(address)
    },
    subscribers: () => node.topicPeers(TOPIC).length,
    async publish(bytes) {
      await node.publish(TOPIC, { bytes })
    },
    async stop() {
      reading.abort()
      await done
      await node.stop()
      await store.stop()
    },
  }
}

/** The baseline stores before it sends, as ours does, and shows after it stored. */
async function strictSignEndpoint({ directory, onShown }: EndpointOptions): Promise<Endpoint> {
  const node = await createStrictSignNode({ directory, onStored: onShown })
  return {
    address: () => node.address(),
    connect: (address) => node.connect(address),
    subscribers: () => node.subscribers(),
    async publish(body) {
      await node.store(body)
      // As ours: the caller does not wait for the sending.
      void node.send(body)
    },
    stop: () => node.stop(),
  }
}
