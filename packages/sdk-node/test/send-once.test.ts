import { type LogId, messageId, textOf } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { PartlySentError } from '../src/index.ts'
import { FaultyDatabase, type WriteFailure } from './fixtures/faulty-database.ts'
import { CHANNEL } from './fixtures/inbound.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { pruneAll } from './fixtures/lose.ts'
import { connect, startNode, textsAt } from './fixtures/nodes.ts'
import { openOutbound, storedTexts } from './fixtures/outbound.ts'
import { batchesOf, openStore } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const bobsId = seededSigner('bob').pastelId
const carolsId = seededSigner('carol').pastelId

async function openFaulty() {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const reopened = () => waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
  return { database, reopened, ...(await openOutbound({ store })) }
}

describe('what is published once', () => {
  test('is stored once, also by two at a time and after a restart, and is answered as the first time', async () => {
    const alice = await startNode({ identity: 'alice' })
    const publish = (text: string, once?: string) =>
      alice.node.publish('test', { text }, once === undefined ? {} : { once })
    const [first, second, other] = await Promise.all([
      publish('one', 'a/1'),
      publish('one', 'a/1'),
      publish('two', 'a/2'),
    ])
    expect(second).toEqual(first)
    expect(other.id).not.toBe(first.id)
    expect(await publish('one', 'a/1')).toEqual(first)
    await publish('one')
    await alice.stop()

    const again = await startNode({ identity: 'alice', directory: alice.directory })
    expect(await again.node.publish('test', { text: 'one' }, { once: 'a/1' })).toEqual(first)
    expect(await textsAt(again)).toEqual(['one', 'two', 'one'])
  })

  test('keeps the order of the calls', async () => {
    const { pipeline, store } = await openOutbound()
    await pipeline.acceptOnce(CHANNEL, { text: '0' }, 'k/0')
    const rest = Array.from({ length: 20 }, (_, i) => String(i + 1))
    await Promise.all(rest.map((text) => pipeline.acceptOnce(CHANNEL, { text }, `k/${text}`)))
    expect(await storedTexts(store)).toEqual(['0', ...rest])
  })

  test('is not sent if it is another message than the first under its key', async () => {
    const { pipeline, store } = await openOutbound()
    await pipeline.acceptOnce(CHANNEL, { text: 'one', headers: { a: '1' } }, 'k')
    for (const input of [
      { text: 'two', headers: { a: '1' } },
      { text: 'one', headers: { a: '2' } },
      { text: 'one', headers: { a: '1' }, type: 'other' },
    ]) {
      await expect(pipeline.acceptOnce(CHANNEL, input, 'k')).rejects.toMatchObject({
        code: 'ERR_ONCE_DIFFERS',
      })
    }
    const same = { text: 'one', headers: { a: '1' } }
    await expect(pipeline.acceptOnce('topic/other', same, 'k')).rejects.toMatchObject({
      code: 'ERR_ONCE_DIFFERS',
    })
    expect(await storedTexts(store)).toEqual(['one'])
  })

  test.each(['', 'a b', 'ä', 'a\n', 'a'.repeat(161)])('is refused under the key %j', async (key) => {
    const { pipeline, store } = await openOutbound()
    await expect(pipeline.acceptOnce(CHANNEL, { text: 'one' }, key)).rejects.toMatchObject({
      code: 'ERR_ONCE_KEY',
    })
    expect(await storedTexts(store)).toEqual([])
  })

  test.each<WriteFailure>(['lost', 'on disk'])('is stored once if its commit fails: %s', async (failure) => {
    const { pipeline, database, reopened, store } = await openFaulty()
    await pipeline.acceptOnce(CHANNEL, { text: 'before' }, 'k/0')
    database.failNextWrites(failure)
    const publish = () => pipeline.acceptOnce(CHANNEL, { text: 'one' }, 'k/1')
    await expect(publish()).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await reopened()
    const [again, andAgain] = await Promise.all([publish(), publish()])
    expect(andAgain).toEqual(again)
    expect(await storedTexts(store)).toEqual(['before', 'one'])
    expect(again).toEqual({
      id: messageId((await batchesOf(store.read()))[1]?.signed.log as LogId, failure === 'lost' ? 0 : 1),
      arrival: 1,
    })
    // What was not stored leaves its key to another message.
    database.failNextWrites('lost')
    await expect(pipeline.acceptOnce(CHANNEL, { text: 'two' }, 'k/2')).rejects.toThrow()
    await reopened()
    await pipeline.acceptOnce(CHANNEL, { text: 'another' }, 'k/2')
    expect(await storedTexts(store)).toEqual(['before', 'one', 'another'])
  })

  test('waits for what is on disk to be read before it is sent again: at once after a failure, too', async () => {
    const { pipeline, database, reopened, store } = await openFaulty()
    await pipeline.acceptOnce(CHANNEL, { text: 'before' }, 'k/0')
    database.failNextWrites('on disk')
    const publish = () => pipeline.acceptOnce(CHANNEL, { text: 'one' }, 'k/1')
    let attempts = 0
    const untilAccepted = async () => {
      for (;;) {
        attempts += 1
        try {
          return await publish()
        } catch {
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
    await Promise.all([untilAccepted(), untilAccepted()])
    expect(attempts).toBeGreaterThan(2)
    await reopened()
    expect(await storedTexts(store)).toEqual(['before', 'one'])
  })

  test('is stored once by all who try until it is accepted, with commits that fail now and then', async () => {
    const { pipeline, database, reopened, store } = await openFaulty()
    let next = 0
    let refused = 0
    const publisher = async () => {
      while (next < 300) {
        const text = `${next}`
        next += 1
        if (next % 100 === 40) database.failNextWrites('lost')
        if (next % 100 === 80) database.failNextWrites('on disk', 'lost')
        for (;;) {
          try {
            await pipeline.acceptOnce(CHANNEL, { text }, `load/${text}`)
            break
          } catch {
            refused += 1
            await reopened()
          }
        }
      }
    }
    await Promise.all(Array.from({ length: 20 }, publisher))
    expect(refused).toBeGreaterThan(0)
    const stored = await storedTexts(store)
    expect(stored).toHaveLength(300)
    expect(new Set(stored).size).toBe(300)
  })

  test('is kept by 8,192 keys at most; those that are forgotten make room, and send anew', async () => {
    const { pipeline, store } = await openOutbound()
    // As they are written by another run, which is quicker than to sign them all.
    const value = Buffer.from('id digest')
    await store.values.write(
      Array.from({ length: 8_190 }, (_, i) => ({ name: `once/old/${i % 2}/${i}`, value })),
    )
    const publish = (key: string) => pipeline.acceptOnce(CHANNEL, { text: key }, key)
    await publish('new/1')
    await publish('new/2')
    expect(pipeline.once.status).toEqual({ kept: 8_192, max: 8_192 })
    await expect(publish('new/3')).rejects.toMatchObject({ code: 'ERR_ONCE_FULL' })
    expect(await storedTexts(store)).toEqual(['new/1', 'new/2'])
    expect((await publish('new/1')).arrival).toBe(0)
    await store.values.write([{ name: 'other/1', value }])
    expect(await pipeline.once.groups('old/')).toEqual(['old/0', 'old/1'])
    expect(await pipeline.once.forget('old/1')).toBe(4_095)
    expect(await pipeline.once.forget('old/1')).toBe(0)
    expect(await pipeline.once.groups('')).toEqual(['old/0', 'new'])
    await publish('new/3')
    await pipeline.once.forget('new')
    await publish('new/1')
    expect(await storedTexts(store)).toEqual(['new/1', 'new/2', 'new/3', 'new/1'])
    // As it is on disk.
    const names: string[] = []
    for await (const [name] of store.values.read('once/')) names.push(name)
    expect(names).toHaveLength(4_096)
    expect(names).toContain('once/new/1')
  })

  test('is known when retention has removed it', async () => {
    const alice = await startNode({ identity: 'alice' })
    const first = await alice.node.publish('test', { text: 'one' }, { once: 'k' })
    await alice.node.publish('test', { text: 'two' })
    await pruneAll(alice.store)
    expect(await textsAt(alice)).toEqual(['two'])
    expect(await alice.node.publish('test', { text: 'one' }, { once: 'k' })).toEqual({
      ...first,
      arrival: -1,
    })
    expect(await textsAt(alice)).toEqual(['two'])
  })
})

describe('what is sent once', () => {
  test('reaches each of its recipients once, who showed a certificate and who did not', async () => {
    const alice = await startNode({ identity: 'alice' })
    const bob = await startNode({ identity: 'bob' })
    await connect(alice, bob)
    const send = (node = alice.node) => node.send([bobsId, carolsId], { text: 'one' }, { once: 'k' })
    const [first, second] = await Promise.all([send(), send()])
    expect(first.map(({ state }) => state)).toEqual(['accepted', 'waiting-for-certificate'])
    expect(second).toEqual(first)
    await expect(alice.node.send(bobsId, { text: 'one' }, { once: 'k' })).rejects.toMatchObject({
      code: 'ERR_ONCE_DIFFERS',
    })
    await alice.stop()

    const again = await startNode({ identity: 'alice', directory: alice.directory })
    expect(await send(again.node)).toEqual(first)
    const carol = await startNode({ identity: 'carol' })
    await connect(again, carol)
    await again.node.waitForDelivery(first[1]?.id ?? '', inTime())
    expect(await send(again.node)).toEqual(first)
    await connect(again, bob)
    const ends = await again.node.send([bobsId, carolsId], { text: 'end' })
    for (const { id } of ends) await again.node.waitForDelivery(id, inTime())
    for (const { node } of [bob, carol]) {
      expect((await inboxOf(node, 2)).map(textOf)).toEqual(['one', 'end'])
    }
  })

  test('waits once, if the commit by which it waits fails and is on disk all the same', async () => {
    const database = await FaultyDatabase.create()
    const alice = await startNode({ identity: 'alice', database, directory: database.directory })
    database.failNextWrites('on disk')
    const send = () => alice.node.send(bobsId, { text: 'one' }, { once: 'k' })
    await expect(send()).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
    await waitUntil(() => alice.store.writer.isOpen, { what: 'the database to be open again' })
    const { id, state } = await send()
    expect(state).toBe('waiting-for-certificate')
    expect(alice.node.waiting().map((waiting) => waiting.id)).toEqual([id])
    await alice.stop()
    const again = await startNode({ identity: 'alice', directory: alice.directory })
    expect(again.node.waiting().map((waiting) => waiting.id)).toEqual([id])
  })

  test('to some of whom it failed goes to those, and to nobody again', async () => {
    const signer = seededSigner('alice')
    let isFailing = false
    const sign: typeof signer.sign = async (text, options) => {
      if (isFailing) throw new Error('the signer is away')
      return signer.sign(text, options)
    }
    const alice = await startNode({
      identity: 'alice',
      signer: { pastelId: signer.pastelId, publicKey: signer.publicKey, sign },
    })
    const bob = await startNode({ identity: 'bob' })
    await connect(alice, bob)
    const send = () => alice.node.send([bobsId, carolsId], { text: 'one' }, { once: 'k' })
    isFailing = true
    const failed: PartlySentError = await send().then(
      () => expect.unreachable('it was signed'),
      (error) => error,
    )
    expect(failed).toMatchObject({ code: 'ERR_PARTLY_SENT', sent: [{ recipient: carolsId }] })
    isFailing = false
    const [toBob, toCarol] = await send()
    expect(toCarol).toEqual(failed.sent[0])
    expect(alice.node.waiting()).toHaveLength(1)
    await alice.node.waitForDelivery(toBob?.id ?? '', inTime())
    expect((await inboxOf(bob.node, 1)).map(textOf)).toEqual(['one'])
  })
})
