import { createHash, randomBytes } from 'node:crypto'
import type { LocalMesh } from '../mesh/local-mesh.ts'
import type { LocalNode } from '../mesh/local-node.ts'
import { waitUntil } from '../mesh/wait-until.ts'
import type { DemoOptions } from './options.ts'

export const DEMO_TOPIC = 'demo'

/** Messages of one call to a node. */
const CHUNK = 200

/** What the run did, for the check afterwards. */
export interface DemoRun {
  /** Id of every message that a node acknowledged → hash of its text. */
  readonly accepted: ReadonlyMap<string, string>
  readonly pastelIds: readonly string[]
  /** Per node: how many of its messages were acknowledged. */
  readonly published: readonly number[]
  /** Per node: the stretches during which it ran, in ms since 1970. */
  readonly upMs: readonly (readonly [number, number])[][]
  /** From the first message to the moment when the last node had them all. */
  readonly durationMs: number
}

/**
 * Publishes on all nodes at once. The last node is started when a third is out; the second is restarted when it
 * has sent half of its share.
 */
export async function runDemo(
  mesh: LocalMesh,
  options: DemoOptions,
  say: (line: string) => void,
): Promise<DemoRun> {
  const { nodes } = mesh
  const late = nodes.length - 1
  const upMs: [number, number][][] = nodes.map(() => [])
  const up = async (index: number) => {
    await (nodes[index] as LocalNode).start()
    upMs[index]?.push([Date.now(), Number.POSITIVE_INFINITY])
  }
  const down = async (index: number) => {
    const stretch = upMs[index]?.at(-1)
    if (stretch !== undefined) stretch[1] = Date.now()
    await (nodes[index] as LocalNode).end()
  }

  await Promise.all(nodes.slice(0, late).map((_, index) => up(index)))
  await waitForMesh(nodes.slice(0, late))
  say(`${late} nodes run and know each other; node ${late + 1} will be late`)

  const accepted = new Map<string, string>()
  const published = nodes.map(() => 0)
  const publish = async (index: number, count: number) => {
    for (let sent = 0; sent < count; ) {
      const texts = makeTexts(options, Math.min(CHUNK, count - sent))
      const messages = texts.map((text) => ({ text }))
      const { ids } = await (nodes[index] as LocalNode).client.api.service.messages.publish.mutate({
        topic: DEMO_TOPIC,
        messages,
      })
      for (const [i, id] of ids.entries()) accepted.set(id, hashOf(texts[i] as string))
      published[index] = (published[index] ?? 0) + ids.length
      sent += ids.length
    }
  }

  const beganMs = performance.now()
  const shares = nodes.map(
    (_, i) =>
      Math.floor((options.messages * (i + 1)) / nodes.length) -
      Math.floor((options.messages * i) / nodes.length),
  )
  const work = shares.map(async (share, index) => {
    if (index === 1) {
      await publish(index, Math.floor(share / 2))
      await down(index)
      say(`node ${index + 1} stopped after ${published[index]} messages`)
      await up(index)
      say(`node ${index + 1} runs again`)
      await publish(index, share - Math.floor(share / 2))
    } else if (index === late) {
      await waitUntil(() => accepted.size >= options.messages / 3, {
        what: 'a third of the messages',
        timeoutMs: 300_000,
      })
      await up(index)
      say(`node ${index + 1} runs too, ${accepted.size} messages late`)
      await publish(index, share)
    } else {
      await publish(index, share)
    }
  })
  await Promise.all(work)
  say(`${accepted.size} messages are signed and on disk where they were written`)
  await waitForMessages(nodes, accepted.size)
  const durationMs = performance.now() - beganMs
  say(`every node says that it stores ${accepted.size} messages`)
  const pastelIds = await Promise.all(
    nodes.map(async ({ client }) => (await client.api.admin.status.query()).pastelId),
  )
  return { pastelIds, accepted, published, upMs, durationMs }
}

async function waitForMesh(nodes: readonly LocalNode[]): Promise<void> {
  await waitUntil(
    async () => {
      for (const node of nodes) {
        const { peers, topics } = await node.client.api.admin.status.query()
        if (new Set(peers.map(({ peerId }) => peerId)).size < nodes.length - 1) return false
        if ((topics[0]?.peers ?? 0) < nodes.length - 1) return false
      }
      return true
    },
    { what: 'the nodes to find each other' },
  )
}

async function waitForMessages(nodes: readonly LocalNode[], count: number): Promise<void> {
  await waitUntil(
    async () => {
      for (const node of nodes)
        if ((await node.client.api.admin.status.query()).store.messages < count) return false
      return true
    },
    { what: `every node to store ${count} messages`, timeoutMs: 300_000, everyMs: 100 },
  )
}

function makeTexts({ texts, size }: DemoOptions, count: number): string[] {
  return Array.from({ length: count }, () => {
    if (texts !== undefined) return texts[Math.floor(Math.random() * texts.length)] as string
    return randomBytes(Math.ceil((size * 3) / 4))
      .toString('base64')
      .slice(0, size)
  })
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
