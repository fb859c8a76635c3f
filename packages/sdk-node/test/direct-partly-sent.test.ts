import { expect, test } from 'vitest'
import { PartlySentError } from '../src/index.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { startNode } from './fixtures/nodes.ts'
import { collect } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const away = seededSigner('bob').pastelId

/** A node whose disk takes the first write of an act, and fails at the next. */
async function startFailing() {
  const database = await FaultyDatabase.create()
  const alice = await startNode({ identity: 'alice', database })
  return {
    alice,
    database,
    async failSecondWrite<T>(act: () => Promise<T>): Promise<unknown> {
      const releaseFirst = database.holdWrites()
      const begun = database.events.filter((event) => event === 'write begun').length
      const failing = act().catch((error: unknown) => error)
      await database.happened('write begun', begun + 1)
      releaseFirst()
      const releaseSecond = database.holdWrites()
      await database.happened('write begun', begun + 2)
      database.failNextWrites('lost')
      releaseSecond()
      return failing
    },
  }
}

test('a message to several that is stored for some only says for whom, and why not for the others', async () => {
  const { alice, failSecondWrite } = await startFailing()
  // What waits for a certificate is written at once, what goes to a log when it is signed.
  const error = await failSecondWrite(() => alice.node.send([alice.node.pastelId, away], { text: 'x' }))
  expect(error).toBeInstanceOf(PartlySentError)
  expect(error).toMatchObject({
    code: 'ERR_PARTLY_SENT',
    message: expect.stringMatching(
      /^only a part was accepted, 1 message to 1 of 2 recipients, and the rest was not: /,
    ),
    cause: { code: 'ERR_COMMIT_FAILED' },
    sent: [{ recipient: away, state: 'waiting-for-certificate', id: expect.stringMatching(/^waiting-/) }],
  })
  const [sent] = (error as PartlySentError).sent
  expect(await alice.node.status(sent?.id ?? '')).toMatchObject({ state: 'waiting-for-certificate' })
  expect(await collect(alice.node.messages({ direct: 'sent' }))).toEqual([])
})

test('so do many messages, also to one recipient', async () => {
  const { alice, failSecondWrite } = await startFailing()
  const expiresAtMs = Date.now() + 60_000
  // Messages of different expiry share no batch.
  const messages = [{ text: '0' }, { text: '1' }, { text: '2', expiresAtMs }]
  const error = await failSecondWrite(() => alice.node.sendMany(alice.node.pastelId, messages))
  expect(error).toMatchObject({ code: 'ERR_PARTLY_SENT', cause: { code: 'ERR_COMMIT_FAILED' } })
  const stored = await collect(alice.node.messages({ direct: 'sent' }))
  expect(stored).toHaveLength(2)
  expect((error as PartlySentError).sent).toEqual(
    stored.map((entry) => ({
      recipient: alice.node.pastelId,
      id: 'id' in entry ? entry.id : '',
      state: 'accepted',
    })),
  )
})

test('of what is stored for nobody the cause alone is told', async () => {
  const { alice, database } = await startFailing()
  database.failNextWrites('lost', 'lost', 'lost', 'lost')
  const failing = alice.node.send([alice.node.pastelId, away], { text: 'x' })
  const error = await failing.catch((reason: unknown) => reason)
  expect(error).not.toBeInstanceOf(PartlySentError)
  expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(COMMIT_FAILED|STORE_UNAVAILABLE)$/) })
})
