import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFileRegistry } from '../src/index.ts'
import { connect, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { temporaryFolder } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map((name) => seededSigner(name).pastelId)

/** A node whose members are bob and carol, until its file says otherwise. */
async function startWithFile(topics: string[]) {
  const path = join(await temporaryFolder(), 'members')
  await writeFile(path, `# ours\n${bob}\n${carol}\n`)
  const registry = createFileRegistry({ path, always: [alice as NonNullable<typeof alice>] })
  await registry.start()
  onTestFinished(() => registry.stop())
  const started = await startNode({ identity: 'alice', registry, topics })
  return { alice: started, path, registry }
}

test('who leaves is cut off; of its batches only the earlier ones are taken, from a member', async () => {
  const topics = ['test', 'other']
  const [{ alice, path }, bob, carol] = await Promise.all([
    startWithFile(['test']),
    startNode({ identity: 'bob', topics }),
    startNode({ identity: 'carol', topics }),
  ])
  await Promise.all([connect(bob, alice), connect(bob, carol)])
  await bob.node.publish('test', { text: 'first' })
  await stores(alice, 1)
  await bob.node.publish('other', { text: 'early' })
  await stores(carol, 1, 'other')

  await writeFile(`${path}.new`, `# ours\n${carol.node.pastelId}\n`)
  await rename(`${path}.new`, path)
  const isCutOff = () => alice.node.peers().length === 0 && bob.node.peers().length === 1
  await waitUntil(isCutOff, { what: 'bob to be cut off', timeoutMs: 10_000 })
  await expect(bob.node.connect(alice.address)).rejects.toMatchObject({ code: 'ERR_NOT_CERTIFIED' })
  await bob.node.publish('other', { text: 'late' })
  await stores(carol, 2, 'other')

  await connect(carol, alice)
  alice.node.join('other')
  await stores(alice, 1, 'other')
  await waitUntil(() => alice.node.counters.dropped['not-a-member'] > 0, {
    what: 'the late one to be refused',
  })
  expect(await textsAt(alice, 'other')).toEqual(['early'])
  expect(await textsAt(alice)).toEqual(['first'])
})

test('who joins can connect at once, and nothing that it published before is lost', async () => {
  const [{ alice, registry }, newcomer] = await Promise.all([
    startWithFile(['test']),
    startNode({ identity: 'dave' }),
  ])
  const changes: string[] = []
  alice.node.addEventListener('members', ({ detail: { joined, left } }) =>
    changes.push(...[...joined, ...left].map(({ pastelId }) => pastelId)),
  )
  await newcomer.node.publish('test', { text: 'before' })
  await expect(newcomer.node.connect(alice.address)).rejects.toMatchObject({
    code: 'ERR_NOT_CERTIFIED',
    refusal: { by: 'them', reason: 'not-a-member', peerId: alice.node.peerId },
  })
  await registry.add(newcomer.node.pastelId)
  expect(changes).toEqual([dave])
  await connect(newcomer, alice)
  await stores(alice, 1)
})

test('a file that is wrong is told of once, with its line, and the members stay', async () => {
  const [{ alice, path }, bob] = await Promise.all([startWithFile(['test']), startNode({ identity: 'bob' })])
  await connect(bob, alice)
  await writeFile(path, `${bob.node.pastelId}\nnobody knows\n`)
  await waitUntil(() => alice.errors.length > 0, { what: 'the error to be told', timeoutMs: 10_000 })
  await writeFile(path, `${bob.node.pastelId}\nnobody knows\n`)
  await writeFile(path, `${bob.node.pastelId}\n\nnobody knows\n`)
  await waitUntil(() => alice.errors.length > 1, { what: 'the next error to be told', timeoutMs: 10_000 })
  expect(alice.errors.map(({ message }) => message)).toEqual([
    expect.stringContaining(`${path}, line 2: `),
    expect.stringContaining(`${path}, line 3: `),
  ])
  expect(alice.node.peers()).toHaveLength(1)
})
