import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ArrivalOrder } from '../src/arrival-order.ts'
import type { MessageStore } from '../src/index.ts'
import { append, appendAll, collect } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

async function take(follower: ReturnType<MessageStore['follow']>, count: number): Promise<number[]> {
  const positions: number[] = []
  while (positions.length < count) positions.push((await follower.next()).value.position)
  return positions
}

describe('following', () => {
  test('gives what is stored and then what is added', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await appendAll(store, [await writer.write({ count: 2 }), await writer.write({ count: 2 })])
    const follower = store.follow()
    expect(await take(follower, 2)).toEqual([0, 2])
    const live = take(follower, 2)
    await appendAll(store, [await writer.write({ count: 2 }), await writer.write()])
    expect(await live).toEqual([4, 6])
    await follower.return(undefined)
  })

  test.each([
    ['of the disk', true],
    ['of the memory', false],
  ])('begins inside a batch %s with that batch', async (_, isRestarted) => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await appendAll(store, [await writer.write({ count: 5 }), await writer.write({ count: 5 })])
    if (isRestarted) {
      await store.stop()
      await store.start()
    }
    const follower = store.follow({ from: 7 })
    const live = take(follower, 2)
    await append(store, await writer.write())
    expect(await live).toEqual([5, 10])
    await follower.return(undefined)
  })

  test('waits for a position that is not there yet', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const follower = store.follow({ from: 3 })
    const live = take(follower, 1)
    for (let i = 0; i < 3; i++) await append(store, await writer.write({ count: 2 }))
    expect(await live).toEqual([2])
    await follower.return(undefined)
  })

  test('keeps to a channel and a sender, stored and live', async () => {
    const store = await openStore()
    const alice = new LogWriter({ identity: 'alice' })
    const aliceElsewhere = new LogWriter({ identity: 'alice', channel: 'topic/other' })
    const bob = new LogWriter({ identity: 'bob' })
    const round = async () =>
      appendAll(store, [await bob.write(), await aliceElsewhere.write(), await alice.write()])
    await round()
    await store.stop()
    await store.start()
    const byChannel = store.follow({ channel: 'topic/test' })
    const bySender = store.follow({ sender: alice.signer.publicKey })
    const byBoth = store.follow({ channel: 'topic/test', sender: alice.signer.publicKey })
    const taken = Promise.all([take(byChannel, 4), take(bySender, 4), take(byBoth, 2)])
    await round()
    expect(await taken).toEqual([
      [0, 2, 3, 5],
      [1, 2, 4, 5],
      [2, 5],
    ])
    await Promise.all([byChannel, bySender, byBoth].map((follower) => follower.return(undefined)))
  })

  test('a slow consumer that falls out of the memory misses nothing', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice', signed: false })
    const body = Buffer.alloc(200 * 1024)
    await append(store, await writer.write({ bodies: [body] }))
    const follower = store.follow()
    expect(await take(follower, 1)).toEqual([0])
    for (let i = 0; i < 100; i++) await append(store, await writer.write({ bodies: [body] }))
    expect(await take(follower, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    await follower.return(undefined)
  })

  test('several followers keep up while batches are written', async () => {
    const store = await openStore()
    const last = 4 * 150 - 1
    const read = async (from: number): Promise<number[]> => {
      const positions: number[] = []
      for await (const { position } of store.follow({ from })) {
        positions.push(position)
        if (position === last) break
        // Each at a pace of its own.
        for (let i = 0; i < from % 50; i++) await undefined
      }
      return positions
    }
    const followers = [0, 0, 17, 101, 333].map(read)
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (identity) => {
        const writer = new LogWriter({ identity, signed: false })
        for (let i = 0; i < 150; i++) await append(store, await writer.write())
      }),
    )
    const everything = Array.from({ length: last + 1 }, (_, i) => i)
    expect(await Promise.all(followers)).toEqual([0, 0, 17, 101, 333].map((from) => everything.slice(from)))
  })
})

describe('a follower ends', () => {
  test.each([
    ['waiting at the end', 1],
    ['having more to read', 0],
  ])('when it is aborted while %s, and leaves no listener on the signal', async (_, from) => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    await appendAll(store, [await writer.write(), await writer.write()])
    const controller = new AbortController()
    const reason = new Error('enough')
    const follower = store.follow({ from, signal: controller.signal })
    await take(follower, 1)
    const next = from === 1 ? follower.next() : undefined
    controller.abort(reason)
    await expect(next ?? follower.next()).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect((await follower.next()).done).toBe(true)
  })

  test('at once if the signal is aborted already', async () => {
    const store = await openStore()
    await expect(collect(store.follow({ signal: AbortSignal.abort() }))).rejects.toThrow('aborted')
  })

  test('and leaves no listener on the signal while it does not wait', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice', signed: false })
    const { signal } = new AbortController()
    const follower = store.follow({ signal })
    for (let i = 0; i < 20; i++) {
      const next = follower.next()
      await append(store, await writer.write())
      expect((await next).value.position).toBe(i)
      expect(getEventListeners(signal, 'abort')).toEqual([])
    }
    await follower.return(undefined)
  })

  test('and leaves no listener on the order, whether it was woken or aborted', async () => {
    const order = new ArrivalOrder()
    const controller = new AbortController()
    const woken = order.change()
    const aborted = order.change(controller.signal)
    expect(order.changed.size).toBe(2)
    controller.abort()
    await expect(aborted).rejects.toThrow('aborted')
    order.changed.call()
    await woken
    expect(order.changed.size).toBe(0)
  })

  test('with an error when the store is stopped, for it did not read to an end', async () => {
    const store = await openStore()
    const follower = store.follow()
    const next = follower.next()
    await store.stop()
    await expect(next).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect(collect(store.follow())).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})

test('a follower knows no upper end and no reverse order', async () => {
  const store = await openStore()
  // @ts-expect-error
  await store.follow({ reverse: true }).return(undefined)
  // @ts-expect-error
  await store.follow({ to: 5 }).return(undefined)
})
