import { createLocalSigner } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, nodeKeyFromBytes } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
import { connectFrom } from '../network/own-address.ts'
import { RecordFile, readRecords } from '../record-file.ts'
import type { AcceptedRecord, ShownRecord } from '../records.ts'
import type { FromMember, MemberJob, ToMember } from './protocol.ts'
import { Reader } from './reader.ts'
import { Sender } from './sender.ts'

/** One member of a run with faults: a node that sends, reads, and does what its parent says. */

/** So much a member that keeps little keeps, and looks at it so often; its reader is slow. */
const LITTLE = { maxBytes: 512 * 1024, intervalMs: 2_000 }
const SLOW_PAUSE_MS = 250
const MAX_TOLD_GAPS = 10

type Member = Awaited<ReturnType<typeof startMember>>

let member: Promise<Member> | undefined

async function startMember(job: MemberJob) {
  if (job.connectFrom !== undefined) connectFrom(job.connectFrom)
  const beforeAccepted = await readRecords<AcceptedRecord>(job.acceptedPath)
  const beforeShown = await readRecords<ShownRecord>(job.shownPath)
  const accepted = await RecordFile.open(job.acceptedPath)
  const shown = await RecordFile.open(job.shownPath)
  const store = createStore({ directory: job.dataDir, minFreeBytes: 0 })
  await store.start()
  const node = await createNode(
    {
      network: 'chaos',
      listen: [job.listen],
      announce: [job.announce],
      bootstrap: job.bootstrap,
      topics: job.topics,
      syncIntervalMs: job.syncIntervalMs,
      lostAfterMs: job.lostAfterMs,
      manyPeersPerHost: true,
      ...(job.keepsLittle ? { retention: LITTLE } : {}),
    },
    {
      signer: createLocalSigner(Buffer.from(job.seed, 'hex')),
      nodeKey: nodeKeyFromBytes(Buffer.from(job.nodeKey, 'hex')),
      store,
      registry: createOpenRegistry(),
    },
  )
  node.addEventListener('error', ({ detail }) => say(`error: ${detail.message}`))
  node.addEventListener('lost', ({ detail }) => {
    const { kind, channel, log, first, last, reason } = detail
    say(`${kind} (${reason}): ${log} ${first} to ${last} in ${JSON.stringify(channel)}`)
  })
  const nameOf = (pastelId: string) => `member ${job.pastelIds.indexOf(pastelId) + 1}`
  node.addEventListener('connected', ({ detail }) => say(`connected: ${nameOf(detail.pastelId)}`))
  node.addEventListener('disconnected', ({ detail }) => say(`disconnected: ${nameOf(detail.pastelId)}`))
  node.addEventListener('refused', ({ detail }) => say(`refused: ${JSON.stringify(detail)}`))
  node.addEventListener('alert', ({ detail }) => say(`alert: ${JSON.stringify(detail)}`))
  node.addEventListener('clock', ({ detail }) => say(`clock: ${JSON.stringify(detail)}`))
  node.addEventListener('disk', ({ detail }) => say(`disk: ${detail.state}`))
  node.addEventListener('superseded', () => say('superseded'))
  await node.start()
  const sender = new Sender(job, beforeAccepted, { node, accepted })
  const pauseMs = job.keepsLittle ? SLOW_PAUSE_MS : 0
  const reader = new Reader({ topics: job.topics, pauseMs }, beforeShown, { node, shown })
  reader.start((error) => {
    say(`the reader failed: ${(error as Error).stack}`)
    process.exit(1)
  })
  if (job.isCalm) reader.hurry()
  else sender.start()
  tell({ type: 'ready' })
  return {
    async calm() {
      await sender.stop()
      reader.hurry()
      tell({ type: 'calm' })
    },
    async status() {
      const status = {
        accepted: sender.accepted,
        refused: sender.refused,
        shown: reader.shown,
        end: store.end,
        heldBatches: store.sizes.heldBatches,
        undelivered: await sender.undelivered(),
        peers: node.peers().map(({ pastelId }) => job.pastelIds.indexOf(pastelId)),
      }
      tell({ type: 'status', status })
    },
    async end() {
      // A disk that was full a moment ago: the database may not be open again yet.
      const gaps = await store.gaps(MAX_TOLD_GAPS).catch(() => undefined)
      const names = gaps?.map(({ id, first, last }) => `${id} ${first} to ${last}`) ?? ['unknown']
      say(`counters: ${JSON.stringify(node.counters)}, gaps: ${names.join(', ') || 'none'}`)
      await sender.stop()
      await reader.stop()
      await node.stop()
      await store.stop()
      await Promise.all([accepted.close(), shown.close()])
      process.disconnect()
    },
  }
}

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`)
}

function tell(message: FromMember): void {
  if (process.connected) process.send?.(message)
}

async function act(message: ToMember): Promise<void> {
  if (message.type === 'job') {
    member = startMember(message.job)
    await member
  } else {
    await (await member)?.[message.type]()
  }
}

process.on('message', (message: ToMember) => {
  act(message).catch((error: unknown) => {
    say(`${message.type}: ${(error as Error).stack}`)
    process.exit(1)
  })
})
// A parent that was killed leaves nothing running; one that ends in good order disconnects, too.
process.on('disconnect', () => process.exit())
