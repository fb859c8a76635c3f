import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { waitUntil } from '@pastel-mesh/testkit'
import { memoryUse } from '../memory-use.ts'
import { countSocketBytes } from '../socket-bytes.ts'
import { fillBook } from './fill-book.ts'
import { type Member, prepareMember } from './member.ts'
import type { FromChild, ToChild, Use } from './protocol.ts'

/** One process of the benchmark: does what its parent says. */

/** A mesh that has not formed by then does not; what has not come by then, log sync included, does not come. */
const MAX_FORM_MS = 240_000
const MAX_WAIT_MS = 60_000
/** Counting thousands of known members takes some ms: not so often that it is measured. */
const LOOK_MS = 500

const socketBytes = countSocketBytes()
let member: Member | undefined

function tell(message: FromChild): void {
  process.send?.(message)
}

function running(): Member {
  if (member === undefined) throw new Error('"prepare" comes first')
  return member
}

/** At a steady rate, every interval between half and one and a half of the mean. */
async function publish(perSecond: number, forMs: number, size: number): Promise<number> {
  const publishing: Promise<void>[] = []
  const meanMs = 1000 / perSecond
  const beganMs = performance.now()
  for (let dueMs = Math.random() * meanMs; dueMs < forMs; dueMs += meanMs * (0.5 + Math.random())) {
    await delay(Math.max(0, beganMs + dueMs - performance.now()))
    publishing.push(running().publish([randomBytes(size)]))
  }
  await Promise.all(publishing)
  return publishing.length
}

async function bulk(messages: number, size: number): Promise<number> {
  const block = randomBytes(messages * size)
  await running().publish(
    Array.from({ length: messages }, (_, i) => block.subarray(i * size, (i + 1) * size)),
  )
  return messages
}

async function deliver(messages: number): Promise<number> {
  await waitUntil(() => running().delivered() >= messages, {
    what: 'the last message',
    timeoutMs: MAX_WAIT_MS,
  }).catch(() => {})
  return running().delivered()
}

function useUntilNow(): Use {
  const { user, system } = process.cpuUsage()
  return {
    cpuMs: (user + system) / 1000,
    sockets: socketBytes(),
    sent: running().sent(),
    peers: running().peers(),
    duplicates: running().duplicates(),
    verifications: running().verifications(),
  }
}

async function act(message: ToChild): Promise<void> {
  if (message.type === 'prepare') {
    member = await prepareMember(message.kind, message.directory)
    tell({ type: 'prepared', pastelId: member.pastelId })
  } else if (message.type === 'fill-book') {
    tell({ type: 'filled', ...(await fillBook(message.directory, message.count)) })
  } else if (message.type === 'start') {
    const beganMs = performance.now()
    const address = await running().start(message.bootstrap)
    tell({ type: 'started', address, tookMs: performance.now() - beganMs })
  } else if (message.type === 'form') {
    const isFormed = () =>
      running().subscribers() >= message.subscribers && running().known() >= message.known
    await waitUntil(isFormed, { what: 'the mesh to form', timeoutMs: MAX_FORM_MS, everyMs: LOOK_MS })
    tell({ type: 'formed' })
  } else if (message.type === 'use') tell({ type: 'used', use: useUntilNow() })
  else if (message.type === 'memory') tell({ type: 'remembered', memory: await memoryUse() })
  else if (message.type === 'publish') {
    tell({ type: 'published', messages: await publish(message.perSecond, message.forMs, message.size) })
  } else if (message.type === 'bulk') {
    tell({ type: 'published', messages: await bulk(message.messages, message.size) })
  } else if (message.type === 'deliver') {
    tell({ type: 'delivered', messages: await deliver(message.messages) })
  } else {
    await member?.stop()
    process.disconnect()
  }
}

process.on('message', (message: ToChild) => void act(message))
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
