import { describe, expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { missingForSmallDisks, SmallDisk } from '../src/faults/small-disk.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'
import type { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { expectNothingLost, settle } from './fixtures/expect-nothing-lost.ts'
import { Load } from './fixtures/load.ts'
import { Random } from './fixtures/random.ts'
import { DISK_ROUNDS } from './fixtures/test-runs.ts'

const TOPIC = 'disk'
const MIB = 2 ** 20
/** Some hundred times what a node writes here in a round. */
const DISK_MIB = 96
const RESERVE_MIB = 48

const missing = missingForSmallDisks()
if (missing !== undefined) console.warn(missing)

interface OnDisk {
  readonly node: LocalNode
  readonly disk: SmallDisk
}

/** Two nodes, each on a small disk of its own, and a load on the first. */
async function startOnDisks(minFreeMiB: number, random: Random) {
  const mesh = await LocalMesh.create({ nodes: 2, topics: [TOPIC], minFreeMiB })
  const disks = mesh.nodes.map(({ options }) => SmallDisk.mount(options.dataDir, DISK_MIB))
  onTestFinished(async () => {
    await mesh.stop()
    for (const disk of disks) disk.unmount()
    await mesh.remove()
  })
  for (const { options } of mesh.nodes) await makeCheapIdentity(options.dataDir)
  await Promise.all(mesh.nodes.map((node) => node.start()))
  const [publisher, receiver] = mesh.nodes.map((node, i) => ({ node, disk: disks[i] }) as OnDisk) as [
    OnDisk,
    OnDisk,
  ]
  const load = new Load(publisher.node, TOPIC, new Random(random.seed + 1))
  await accepts(load)
  return { mesh, publisher, receiver, load }
}

async function status({ node }: OnDisk) {
  return node.client.api.admin.status.query()
}

function accepts(load: Load): Promise<unknown> {
  const before = load.accepted.size
  return waitUntil(() => load.accepted.size > before, { what: 'messages to be accepted' })
}

/** Ends the load and the nodes, audits their disks, and does so again after another start. */
async function expectAllThere(mesh: LocalMesh, load: Load): Promise<void> {
  await load.stop()
  await settle(mesh.nodes, load)
  for (let start = 0; start < 2; start += 1) {
    if (start > 0) {
      await Promise.all(mesh.nodes.map((node) => node.start()))
      await settle(mesh.nodes, load)
    }
    for (const node of mesh.nodes) expect(await node.end()).toBe(0)
    await expectNothingLost(mesh.nodes, load)
  }
}

describe.skipIf(missing !== undefined)('a disk that fills up and is freed', () => {
  it(
    'loses nothing acknowledged when it is filled to the last byte',
    async () => {
      const random = Random.fromEnvironment()
      const { mesh, publisher, receiver, load } = await startOnDisks(0, random)
      for (let round = 0; round < DISK_ROUNDS; round += 1) {
        // The receiver first: it writes as long as the publisher does.
        const victims = [[publisher], [receiver], [receiver, publisher]][round % 3] as OnDisk[]
        for (const victim of victims) {
          await waitUntil(
            async () => {
              // Again and again: a database that is opened anew frees what it needs no more.
              await victim.disk.fill()
              return (await status(victim)).disk.state === 'failing'
            },
            { what: 'writing to fail' },
          )
        }
        const dies = random.pick([true, false])
        if (dies) for (const { node } of victims) expect(await node.end('SIGKILL')).toBe('SIGKILL')
        for (const { disk } of victims) await disk.free()
        if (dies) for (const { node } of victims) await node.start()
        for (const victim of victims) {
          await waitUntil(async () => (await status(victim)).disk.state === 'ok', {
            what: 'the disk to be written again',
          })
        }
        await accepts(load)
      }
      await expectAllThere(mesh, load)
      expect([...load.failures]).toContain('ERR_COMMIT_FAILED')
    },
    120_000 + DISK_ROUNDS * 20_000,
  )

  it(
    'is not filled by the node beyond the reserve, and what came meanwhile comes later',
    async () => {
      const random = Random.fromEnvironment()
      const { mesh, publisher, receiver, load } = await startOnDisks(RESERVE_MIB, random)
      for (let round = 0; round < DISK_ROUNDS; round += 1) {
        const victims = [[publisher], [receiver], [publisher, receiver]][round % 3] as OnDisk[]
        for (const { disk } of victims) await disk.fill((RESERVE_MIB - 1) * MIB)
        for (const victim of victims) {
          await waitUntil(async () => (await status(victim)).disk.state === 'low', {
            what: 'the disk to be low',
          })
        }
        const stored = await Promise.all(victims.map(async (victim) => (await status(victim)).store.messages))
        const failed = load.failed
        if (victims.includes(publisher)) {
          await waitUntil(() => load.failed > failed + 5, { what: 'messages to be refused' })
        } else {
          await accepts(load)
          await waitUntil(async () => (await status(receiver)).counters.dropped['disk-reserve'] > 0, {
            what: 'batches to be deferred',
          })
        }
        for (const [i, victim] of victims.entries()) {
          expect((await status(victim)).store.messages).toBe(stored[i])
        }
        for (const { disk } of victims) await disk.free()
        await accepts(load)
        await waitUntil(async () => (await status(receiver)).disk.state === 'ok', { what: 'room again' })
      }
      await expectAllThere(mesh, load)
      expect([...load.failures]).toEqual(['ERR_DISK_RESERVE'])
    },
    120_000 + DISK_ROUNDS * 20_000,
  )
})
