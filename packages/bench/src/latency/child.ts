import { setTimeout as delay } from 'node:timers/promises'
import { waitUntil } from '@pastel-mesh/testkit'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import type { FromChild, Load, ToChild } from './protocol.ts'
import { readStamp, stampedBody } from './stamped-body.ts'

/** One process of the benchmark: does what its parent says. */

/** What has not come by then, log sync included, does not come. */
const MAX_WAIT_MS = 30_000

let endpoint: Endpoint | undefined
const shownMs: number[] = []

function onShown(body: Uint8Array): void {
  const { ageMs, isMeasured } = readStamp(body)
  if (isMeasured) shownMs.push(ageMs)
}

function tell(message: FromChild): void {
  process.send?.(message)
}

/** Publishes at a steady rate, every interval between half and one and a half of the mean. */
async function publish(node: Endpoint, { perSecond, sizeBytes, warmupMs, measureMs }: Load) {
  const acceptedMs: number[] = []
  const publishing: Promise<void>[] = []
  const meanMs = 1000 / perSecond
  const beganMs = performance.now()
  let cpuBegan: NodeJS.CpuUsage | undefined
  let dueMs = Math.random() * meanMs
  for (; dueMs < warmupMs + measureMs; dueMs += meanMs * (0.5 + Math.random())) {
    await delay(Math.max(0, beganMs + dueMs - performance.now()))
    const isMeasured = dueMs >= warmupMs
    if (isMeasured) cpuBegan ??= process.cpuUsage()
    const body = stampedBody(sizeBytes, isMeasured)
    const accepted = node.publish(body).then(() => {
      if (isMeasured) acceptedMs.push(readStamp(body).ageMs)
    })
    publishing.push(accepted)
  }
  const { user, system } = process.cpuUsage(cpuBegan)
  const cpuPercent = (user + system) / 10 / (performance.now() - beganMs - warmupMs)
  await Promise.all(publishing)
  return { acceptedMs, cpuPercent }
}

async function collect(expected: number): Promise<void> {
  await waitUntil(() => shownMs.length >= expected, {
    what: 'the last message',
    timeoutMs: MAX_WAIT_MS,
  }).catch(() => {})
  tell({ type: 'collected', shownMs, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) })
}

async function act(message: ToChild): Promise<void> {
  if (message.type === 'job') {
    endpoint = await createEndpoint(message.kind, { directory: message.directory, onShown })
    return tell({ type: 'listening', address: endpoint.address() })
  }
  if (endpoint === undefined) throw new Error(`"${message.type}" before there is a node`)
  const node = endpoint
  if (message.type === 'connect') {
    for (const address of message.addresses) await node.connect(address)
    tell({ type: 'connected' })
  } else if (message.type === 'join') {
    await waitUntil(() => node.subscribers() >= message.peers, { what: 'the others to subscribe' })
    tell({ type: 'joined' })
  } else if (message.type === 'go') {
    tell({ type: 'published', ...(await publish(node, message.load)) })
  } else if (message.type === 'collect') {
    await collect(message.expected)
  } else {
    await node.stop()
    process.disconnect()
  }
}

process.on('message', (message: ToChild) => void act(message))
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
