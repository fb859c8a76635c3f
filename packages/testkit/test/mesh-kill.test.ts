import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { LocalMesh } from '../src/mesh/local-mesh.ts'
import type { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { expectNothingLost, settle } from './fixtures/expect-nothing-lost.ts'
import { Load } from './fixtures/load.ts'
import { Random } from './fixtures/random.ts'
import { KILL_ROUNDS } from './fixtures/test-runs.ts'

const TOPIC = 'kill'

it(
  'a publisher and a receiver killed at random moments under load lose nothing acknowledged and store nothing twice',
  async () => {
    const random = Random.fromEnvironment()
    try {
      await killUnderLoad(random)
    } catch (cause) {
      throw new Error(`with PMESH_TEST_SEED=${random.seed}: ${(cause as Error).message}`, { cause })
    }
  },
  // Starts and catching up take what they take; what counts is what is there in the end.
  240_000 + KILL_ROUNDS * 12_000,
)

async function killUnderLoad(random: Random): Promise<void> {
  const mesh = await LocalMesh.create({ nodes: 2, topics: [TOPIC] })
  onTestFinished(() => mesh.remove())
  const [publisher, receiver] = mesh.nodes as [LocalNode, LocalNode]
  await Promise.all(mesh.nodes.map(({ options }) => makeCheapIdentity(options.dataDir)))
  await Promise.all(mesh.nodes.map((node) => node.start()))

  // A generator of its own: calls take as long as they take, and must not change the schedule of the kills.
  const load = new Load(publisher, TOPIC, new Random(random.seed + 1))
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    await delay(random.between(50, 800))
    const victims = random.pick([[publisher], [receiver], [publisher, receiver]])
    await Promise.all(victims.map(kill))
    await Promise.all(victims.map((node) => node.start()))
  }
  const before = load.accepted.size
  await waitUntil(() => load.accepted.size > before, { what: 'messages to be accepted after the last kill' })
  await load.stop()

  await settle(mesh.nodes, load)
  for (const node of mesh.nodes) expect(await node.end()).toBe(0)
  await expectNothingLost(mesh.nodes, load)
}

/** A node that had ended by itself was not killed. */
async function kill(node: LocalNode): Promise<void> {
  const { output } = node
  const ending = await node.end('SIGKILL')
  if (ending !== 'SIGKILL') throw new Error(`a node ended by itself, with ${ending}:\n${output}`)
}
