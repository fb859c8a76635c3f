import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey, type MeshNode } from '@pastel-mesh/sdk-node'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { fillLog, NETWORK, TOPIC } from './fill-log.ts'
import { placeAll } from './place-all.ts'
import type { FromChild, ToChild } from './variants.ts'

/** One process of the benchmark: does what its parent says. */

let store: MessageStore | undefined
let node: MeshNode | undefined

function tell(message: FromChild): void {
  process.send?.(message)
}

async function start(directory: string): Promise<string> {
  store = createStore({ directory })
  await store.start()
  const signer = createLocalSigner(generateSeed())
  const components = { signer, nodeKey: await generateNodeKey(), store, registry: createOpenRegistry() }
  node = await createNode({ network: NETWORK, topics: [TOPIC], discover: false }, components)
  await node.start()
  return node.addresses()[0] ?? ''
}

async function catchUp(address: string, messages: number): Promise<FromChild> {
  const began = performance.now()
  const before = process.cpuUsage()
  await node?.connect(address)
  await new Promise<void>((resolve) => {
    const check = () => {
      if ((store?.end ?? 0) >= messages) resolve()
    }
    store?.onAppended(check)
    check()
  })
  const { user, system } = process.cpuUsage(before)
  return {
    type: 'caught-up',
    seconds: (performance.now() - began) / 1000,
    cpuMs: Math.round((user + system) / 1000),
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    held: node?.counters.received.held ?? 0,
  }
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'fill') {
    await fillLog(message.directory, message)
    tell({ type: 'filled' })
  } else if (message.type === 'start') {
    tell({ type: 'started', address: await start(message.directory) })
  } else if (message.type === 'catch-up') {
    tell(await catchUp(message.address, message.messages))
  } else if (message.type === 'place') {
    tell({ type: 'placed', seconds: await placeAll(message.from, message.to) })
  } else {
    await node?.stop()
    await store?.stop()
    process.disconnect()
  }
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
