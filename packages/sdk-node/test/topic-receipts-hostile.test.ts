import { type CertifiedReceipt, type DirectResponse, type LogRange, openBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import type { ReceiptMaker } from '../src/direct/receipt-maker.ts'
import { answeringPeer, askingPeer } from './fixtures/direct-peer.ts'
import { connect, hears, startNode, stores } from './fixtures/nodes.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const entered = (range: LogRange) => ({ ...range, outcome: 'entered', reason: '' }) as const

test('a member can sign for what it does not hold, but no member for another', async () => {
  const alice = await startNode({ identity: 'alice' })
  const stolen = Promise.withResolvers<CertifiedReceipt[]>()
  const { log } = openBatch((await new LogWriter({ identity: 'alice' }).write()).envelope)
  type Answer = (ranges: readonly LogRange[], maker: ReceiptMaker) => Promise<Partial<DirectResponse>>
  const answers: Record<string, Answer> = {
    async liar(ranges, maker) {
      stolen.resolve(await maker.make(ranges.map(entered)))
      return { receipts: await stolen.promise }
    },
    thief: async () => ({ receipts: await stolen.promise }),
    async forger(ranges, maker) {
      const [made] = (await maker.make(ranges.map(entered))) as [CertifiedReceipt]
      const receipt = new Uint8Array(made.receipt)
      receipt[receipt.length - 1]! ^= 1
      return { receipts: [{ ...made, receipt }] }
    },
    // About what was not asked.
    evader: async (_, maker) => ({ receipts: await maker.make([entered({ log, first: 0, last: 9 })]) }),
    async broken() {
      throw new Error('hangs up')
    },
  }
  for (const [name, answer] of Object.entries(answers)) {
    await answeringPeer(alice, name, ['test'], (request, maker) =>
      answer(request.kind === 'ask' ? request.ranges : [], maker),
    )
  }
  const { id } = await alice.node.publish('test', { text: 'x' })

  const status = await alice.node.topicStatus(id)
  const said = Object.fromEntries(
    status.members.map(({ pastelId, state, reason = '' }) => [pastelId, [state, reason]]),
  )
  const by = (name: string) => said[seededSigner(name).pastelId]
  expect(by('liar')).toEqual(['stored', ''])
  expect(by('thief')).toEqual(['unknown', 'wrong-answer'])
  expect(by('forger')).toEqual(['unknown', 'wrong-answer'])
  expect(by('evader')).toEqual(['not-yet', ''])
  expect(by('broken')).toEqual(['unknown', 'no-answer'])
  expect(status.stored).toBe(1)
})

test('only the author of a log is told of it, and one question of it waits at a time', async () => {
  const bob = await startNode({ identity: 'bob' })
  const alice = await startNode({ identity: 'alice' })
  await connect(alice, bob)
  await hears(alice, bob)
  const { id } = await alice.node.publish('test', { text: 'x' })
  await stores(bob, 1)
  const { log } = (await bob.store.findMessage(id))?.stored.signed ?? {}
  const ranges = [{ log: log as LogRange['log'], first: 0, last: 10 }]
  const mallory = await (await askingPeer(bob, 'mallory'))()
  expect(await mallory({ kind: 'ask', id: 1, ranges })).toMatchObject({ receipts: [], error: '' })

  const written = new LogWriter({ identity: 'author', startedAtMs: Date.now() })
  const batch = await written.write()
  await alice.store.place(batch)
  await waitUntil(() => bob.store.end === 2, { what: 'the batch of who asks by hand' })
  const own = [{ log: batch.log, first: 0, last: 10 }]
  const open = await askingPeer(bob, 'author')
  const [one, two] = [await open(), await open()]
  const first = await one({ kind: 'ask', id: 1, ranges: own })
  expect(first.receipts).toHaveLength(1)
  // The next receipt is a second away: one question waits for it, a second one is not taken.
  const waiting = one({ kind: 'ask', id: 2, ranges: own })
  const refused = two({ kind: 'ask', id: 1, ranges: own })
  const answers = await Promise.all([waiting, refused])
  expect(answers.map(({ error }) => error).sort()).toEqual(['', 'busy'])
  expect(answers.flatMap(({ receipts }) => receipts)).toHaveLength(1)
})
