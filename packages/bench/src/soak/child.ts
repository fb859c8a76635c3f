import { randomBytes } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey, type MeshNode } from '@pastel-mesh/sdk-node'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { waitUntil } from '@pastel-mesh/testkit'
import { memoryUse } from '../memory-use.ts'
import type { FromChild, State, ToChild } from './protocol.ts'

/** One process of the benchmark, with a node: does what its parent says. */

const TOPIC = 'bench'
/** How often it is looked at what is to be removed: a tenth takes seconds. */
const RETENTION_INTERVAL_MS = 500
/** What is too much is gone by then: a peer says within seconds what it has, and what it has is not kept for it. */
const MAX_PRUNE_MS = 60_000

let store: MessageStore | undefined
let node: MeshNode | undefined
let folder = ''
let keptBytes = Number.POSITIVE_INFINITY

function tell(message: FromChild): void {
  process.send?.(message)
}

function parts(): { store: MessageStore; node: MeshNode } {
  if (store === undefined || node === undefined) throw new Error('the job comes first')
  return { store, node }
}

async function start({ directory, batch, maxBytes }: Extract<ToChild, { type: 'job' }>): Promise<void> {
  folder = directory
  keptBytes = maxBytes ?? keptBytes
  store = createStore({ directory })
  await store.start()
  const retention = maxBytes === undefined ? {} : { maxBytes, intervalMs: RETENTION_INTERVAL_MS }
  node = await createNode(
    { network: 'bench', topics: [TOPIC], maxBatchMessages: batch, retention },
    {
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      store,
      registry: createOpenRegistry(),
    },
  )
  await node.start()
  tell({ type: 'listening', address: node.addresses()[0] ?? '' })
}

/** No two bodies are the same, and there are never more than a stretch of them. */
function* bodies(messages: number, size: number): Generator<{ bytes: Uint8Array }> {
  const stretch = 1024
  for (let made = 0; made < messages; made += stretch) {
    const count = Math.min(stretch, messages - made)
    const block = randomBytes(count * size)
    for (let i = 0; i < count; i += 1) yield { bytes: block.subarray(i * size, (i + 1) * size) }
  }
}

async function state(): Promise<State> {
  const { store: own } = parts()
  const isPruned = () => own.sizes.storedBytes <= keptBytes
  await waitUntil(isPruned, { what: 'what is too much to be removed', timeoutMs: MAX_PRUNE_MS })
  return {
    memory: await memoryUse(),
    fileBytes: await filesIn(folder),
    storedMessages: own.sizes.storedMessages,
  }
}

async function filesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory)) {
    // What a compaction has just removed has no size any more.
    const file = await stat(join(directory, name)).catch(() => undefined)
    bytes += file?.size ?? 0
  }
  return bytes
}

async function act(message: ToChild): Promise<void> {
  if (message.type === 'job') await start(message)
  else if (message.type === 'connect') {
    await parts().node.connect(message.address)
    await parts().node.waitForPeers(TOPIC, { signal: AbortSignal.timeout(10_000) })
    tell({ type: 'connected' })
  } else if (message.type === 'publish') {
    await parts().node.publishMany(TOPIC, bodies(message.messages, message.size))
    tell({ type: 'published' })
  } else if (message.type === 'receive') {
    const { counters } = parts().node
    const isHere = () => counters.received.messages >= message.messages
    await waitUntil(isHere, { what: 'the last message', timeoutMs: 10 * 60_000 })
    tell({ type: 'received' })
  } else if (message.type === 'state') tell({ type: 'stands', state: await state() })
  else {
    await node?.stop()
    await store?.stop()
    process.disconnect()
  }
}

process.on('message', (message: ToChild) => void act(message))
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
