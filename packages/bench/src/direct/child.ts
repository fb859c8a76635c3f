import { randomBytes } from 'node:crypto'
import { createLocalSigner, generateSeed, parsePastelId } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey, type MeshNode } from '@pastel-mesh/sdk-node'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { sendFloor, serveFloor } from './floor.ts'
import type { FromChild, ToChild } from './variants.ts'

/** One process of the benchmark, with a node: does what its parent says. */

let store: MessageStore | undefined
let node: MeshNode | undefined

function tell(message: FromChild): void {
  process.send?.(message)
}

function running(): MeshNode {
  if (node === undefined) throw new Error('the job comes first')
  return node
}

async function start(directory: string, maxBatchMessages: number): Promise<void> {
  store = createStore({ directory })
  await store.start()
  node = await createNode(
    { network: 'bench', topics: [], maxBatchMessages },
    {
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      store,
      registry: createOpenRegistry(),
    },
  )
  await node.start()
  tell({ type: 'listening', address: node.addresses()[0] ?? '', pastelId: node.pastelId })
}

/** All at once; until the recipient's receipt for the last is here, and on disk. */
async function bulk(to: string, messages: number, size: number): Promise<void> {
  const recipient = parsePastelId(to)
  const block = randomBytes(size * messages)
  const bodies = Array.from({ length: messages }, (_, i) => ({
    bytes: block.subarray(i * size, (i + 1) * size),
  }))
  const beganMs = performance.now()
  const sent = await running().sendMany(recipient, bodies)
  const { state } = await running().waitForDelivery(sent.at(-1)?.id ?? '')
  if (state !== 'delivered') throw new Error(`the last message is ${state}`)
  const tookMs = performance.now() - beganMs
  tell({ type: 'delivered', tookMs, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) })
}

/** One after the other: the next is sent when there is a receipt for the one before. */
async function singles(to: string, messages: number, size: number): Promise<void> {
  const recipient = parsePastelId(to)
  const roundTripsMs: number[] = []
  for (let i = 0; i < messages; i += 1) {
    const beganMs = performance.now()
    const { id } = await running().send(recipient, { bytes: randomBytes(size) })
    await running().waitForDelivery(id)
    roundTripsMs.push(performance.now() - beganMs)
  }
  tell({ type: 'each', roundTripsMs })
}

let stopFloor: (() => Promise<void>) | undefined

async function floor(directory: string): Promise<void> {
  const { stop, ...to } = await serveFloor(directory)
  stopFloor = stop
  tell({ type: 'floor', to })
}

async function sendToFloor({
  directory,
  to,
  messages,
  singles,
  size,
}: Extract<ToChild, { type: 'send-floor' }>): Promise<void> {
  const beganMs = performance.now()
  await sendFloor(`${directory}-bulk`, to, { messages, batch: 512, size })
  const perSecond = messages / ((performance.now() - beganMs) / 1000)
  const one = { messages: singles, batch: 1, size, atATime: 1 }
  const roundTripsMs = await sendFloor(`${directory}-singles`, to, one)
  tell({ type: 'floor-sent', perSecond, roundTripsMs })
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'job') await start(message.directory, message.batch)
  else if (message.type === 'connect') {
    await running().connect(message.address)
    tell({ type: 'connected' })
  } else if (message.type === 'bulk') await bulk(message.to, message.messages, message.size)
  else if (message.type === 'singles') await singles(message.to, message.messages, message.size)
  else if (message.type === 'floor') await floor(message.directory)
  else if (message.type === 'send-floor') await sendToFloor(message)
  else if (message.type === 'cpu') {
    const { user, system } = process.cpuUsage()
    tell({ type: 'cpu', ms: (user + system) / 1000 })
  } else {
    await stopFloor?.()
    await node?.stop()
    await store?.stop()
    process.disconnect()
  }
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
