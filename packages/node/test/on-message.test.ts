import { textOf } from '@pastel-mesh/protocol'
import { memoryDriver, type QueueDriver } from '@pastel-mesh/queue'
import { defineTopic, json, type ReceivedMessage } from '@pastel-mesh/sdk-node'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FaultyDatabase } from '../../sdk-node/test/fixtures/faulty-database.ts'
import { loseBefore, pruneAll } from '../../sdk-node/test/fixtures/lose.ts'
import { numbered } from '../../sdk-node/test/fixtures/nodes.ts'
import { LogWriter } from '../../testkit/src/fixtures/log-writer.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { type BoundNode, boundNode, jobData } from './fixtures/bound-node.ts'

const textIn = (message: ReceivedMessage) => textOf(message)

async function madeJobs({ queue }: BoundNode, count: number, name = 'handle'): Promise<unknown[]> {
  return waitUntil(
    async () => {
      const made = await jobData(queue, name)
      return made.length >= count && made
    },
    { what: `${count} jobs ${name}` },
  )
}

/** Until the bindings have nothing to read any more. */
function caughtUp({ bindings }: BoundNode): Promise<unknown> {
  return waitUntil(async () => (await bindings.status()).every(({ behind }) => behind === 0), {
    what: 'the bindings to be at the end',
  })
}

describe('a binding', () => {
  it('makes one job of each message, in their order, and goes on where it was after a restart', async () => {
    const first = await boundNode({ identity: 'alice' })
    await first.node.publish('test', { text: 'before' })
    first.bindings.add('test', 'handle', textIn)
    await first.begin()
    await first.node.publishMany('test', numbered(1_200))
    await first.node.publish('other', { text: 'of another topic' })
    await madeJobs(first, 1_200)
    await caughtUp(first)
    expect(await first.bindings.status()).toEqual([
      {
        source: 'topic/test',
        job: 'handle',
        position: 1_201,
        end: 1_202,
        behind: 0,
        jobs: 1_200,
        skipped: 0,
        undecodable: 0,
        lost: 0,
      },
    ])
    await first.stop()

    const again = await boundNode({
      identity: 'alice',
      directory: first.directory,
    })
    await again.node.publish('test', { text: 'while it was away' })
    again.bindings.add('test', 'handle', textIn)
    await again.begin()
    await again.node.publish('test', { text: 'after' })
    const all = [...numbered(1_200).map(({ text }) => text), 'while it was away', 'after']
    expect(await madeJobs(again, all.length)).toEqual(all)
    expect([...first.told, ...again.told]).toEqual([])
  })

  it('begins with what is stored, if it is told to, and leaves out what makes no job', async () => {
    const alice = await boundNode({ identity: 'alice' })
    await alice.node.publishMany('test', numbered(10))
    const odd = (message: ReceivedMessage) =>
      Number(textOf(message)) % 2 === 1 ? textOf(message) : undefined
    alice.bindings.add('test', 'handle', odd, { from: 'start' })
    await alice.begin()
    expect(await madeJobs(alice, 5)).toEqual(['1', '3', '5', '7', '9'])
    await caughtUp(alice)
    expect(await alice.bindings.status()).toMatchObject([{ jobs: 5, skipped: 5, position: 10 }])
  })

  it('is one of several: of a topic, of the inbox, and of a topic that has the name of the inbox', async () => {
    const alice = await boundNode({ identity: 'alice' })
    alice.bindings.add('test', 'one', textIn)
    alice.bindings.add('test', 'two', async (message: ReceivedMessage) => `2 ${textOf(message)}`)
    alice.bindings.add('inbox', 'direct', textIn)
    alice.bindings.add(defineTopic({ name: 'inbox', codec: json() }), 'declared', (value: unknown) => value)
    expect(() => alice.bindings.add('test', 'one', textIn)).toThrow(
      expect.objectContaining({ code: 'ERR_BINDING_EXISTS' }),
    )
    expect(() => alice.bindings.add('no topic', 'one', textIn)).toThrow(
      expect.objectContaining({ code: 'ERR_TOPIC_NAME' }),
    )
    await alice.begin()
    await alice.node.publish('test', { text: 'to all' })
    await alice.node.send(alice.node.pastelId, { text: 'to me' })
    await alice.node.publish('inbox', { json: { n: 1 } })
    expect(await madeJobs(alice, 1, 'one')).toEqual(['to all'])
    expect(await madeJobs(alice, 1, 'two')).toEqual(['2 to all'])
    expect(await madeJobs(alice, 1, 'direct')).toEqual(['to me'])
    expect(await madeJobs(alice, 1, 'declared')).toEqual([{ n: 1 }])
    await caughtUp(alice)
    for (const name of ['one', 'two', 'direct', 'declared']) {
      expect(await jobData(alice.queue, name)).toHaveLength(1)
    }
  })

  it.each(['lost', 'on disk'] as const)(
    'makes one job of each message, with commits that fail now and then: %s',
    async (failure) => {
      const database = await FaultyDatabase.create()
      const alice = await boundNode({ identity: 'alice', database, directory: database.directory })
      alice.bindings.add('test', 'handle', textIn, { maxPauseMs: 100 })
      let bookmarks = 0
      let failures = 0
      database.failWrites((operations) => {
        if (!operations.some(({ key }) => key.toString('latin1').startsWith('QM'))) return false
        bookmarks += 1
        if (bookmarks % 3 !== 1) return false
        failures += 1
        if (failure === 'on disk') database.failNextWrites('on disk')
        return failure === 'lost'
      })
      await alice.begin()
      const texts: string[] = []
      while (texts.length < 60 || failures <= 5) {
        const text = String(texts.length)
        texts.push(text)
        // The commit that fails may be that of the message as well.
        await waitUntil(
          () => alice.node.publish('test', { text }, { once: `k/${text}` }).catch(() => false),
          {
            what: `${text} to be published`,
          },
        )
      }
      await madeJobs(alice, texts.length)
      await caughtUp(alice)
      expect(await jobData(alice.queue, 'handle')).toEqual(texts)
    },
  )

  it('stands still at a message for which `map` throws, says which, and goes on when that is right', async () => {
    const alice = await boundNode({ identity: 'alice' })
    let isRight = false
    let tries = 0
    const map = (message: ReceivedMessage) => {
      const text = textOf(message)
      if (text !== '2') return text
      tries += 1
      if (!isRight) throw new Error('what is a 2?')
      return 'two'
    }
    alice.bindings.add('test', 'handle', map, { maxPauseMs: 20 })
    alice.bindings.add('test', 'other', textIn)
    await alice.begin()
    const published = await alice.node.publishMany('test', numbered(5))
    await waitUntil(() => tries > 3, { what: 'it to be tried again' })
    // Those before it made theirs, and the other binding all of them.
    expect(await madeJobs(alice, 2)).toEqual(['0', '1'])
    expect(await madeJobs(alice, 5, 'other')).toHaveLength(5)
    const [status] = await alice.bindings.status()
    expect(status).toMatchObject({ behind: 3, jobs: 2, blocked: { messageId: published[2]?.id } })
    expect(status?.blocked?.attempts).toBeGreaterThan(2)
    // Once, however often it is tried.
    expect(alice.told).toMatchObject([{ code: 'ERR_BINDING_BLOCKED', messageId: published[2]?.id }])
    expect(alice.told[0]?.message).toContain('what is a 2?')
    isRight = true
    expect(await madeJobs(alice, 5)).toEqual(['0', '1', 'two', '3', '4'])
    await caughtUp(alice)
    expect((await alice.bindings.status())[0]?.blocked).toBeUndefined()
  })

  it('stands still at a message whose data the queue refuses, and says which', async () => {
    const alice = await boundNode({ identity: 'alice' })
    alice.queue.registerHandler('handle', () => {}, { schema: z.object({ n: z.number().max(6) }) })
    let most = 6
    const map = (message: ReceivedMessage) => ({ n: Math.min(most, Number(textOf(message))) })
    most = 7
    await alice.node.publishMany('test', numbered(10))
    alice.bindings.add('test', 'handle', map, { from: 'start', maxPauseMs: 20 })
    await alice.begin()
    await waitUntil(async () => (await alice.bindings.status())[0]?.blocked !== undefined, {
      what: 'it to stand still',
    })
    const stored = []
    for await (const entry of alice.node.messages()) if (entry.kind === 'message') stored.push(entry.id)
    expect(await alice.bindings.status()).toMatchObject([
      { jobs: 7, behind: 3, blocked: { code: 'ERR_BINDING_BLOCKED', messageId: stored[7] } },
    ])
    most = 6
    const all = [0, 1, 2, 3, 4, 5, 6, 6, 6, 6].map((n) => ({ n }))
    expect(await madeJobs(alice, 10)).toEqual(all)
  })

  it('goes on behind messages of a declared topic that cannot be read, counts them, and tells once', async () => {
    const alice = await boundNode({ identity: 'alice' })
    const prices = defineTopic({ name: 'test', codec: json(z.object({ usd: z.number() })) })
    alice.bindings.add(prices, 'handle', ({ usd }, { id }) => ({ usd, id }))
    await alice.begin()
    const { id } = await alice.node.publish('test', { json: { usd: 1 } })
    await alice.node.publish('test', { text: 'no price' })
    await alice.node.publish('test', { json: { usd: 'many' } })
    const last = await alice.node.publish('test', { json: { usd: 2 } })
    expect(await madeJobs(alice, 2)).toEqual([
      { usd: 1, id },
      { usd: 2, id: last.id },
    ])
    await caughtUp(alice)
    expect(await alice.bindings.status()).toMatchObject([{ jobs: 2, undecodable: 2 }])
    expect(alice.told).toMatchObject([{ code: 'ERR_BINDING_UNDECODABLE' }])
  })

  it('says that retention has overtaken it, and goes on with what is left', async () => {
    const first = await boundNode({ identity: 'alice', maxBatchMessages: 1 })
    first.bindings.add('test', 'handle', textIn)
    await first.begin()
    await first.node.publish('test', { text: 'one' })
    await madeJobs(first, 1)
    await first.stop()

    const again = await boundNode({ identity: 'alice', directory: first.directory, maxBatchMessages: 1 })
    await again.node.publishMany('test', numbered(3))
    await pruneAll(again.store)
    const notices: string[] = []
    again.bindings.add('test', 'handle', textIn, { onNotice: ({ kind }) => notices.push(kind) })
    await again.begin()
    expect(await madeJobs(again, 2)).toEqual(['one', '2'])
    expect(notices).toEqual(['pruned'])
    expect(again.told).toMatchObject([{ code: 'ERR_BINDING_CURSOR' }])
  })

  it('is not overtaken where nothing happens: its bookmark moves up over the messages of others', async () => {
    const first = await boundNode({ identity: 'alice', maxBatchMessages: 1 })
    first.bindings.add('test', 'handle', textIn, { moveUpMs: 20 })
    await first.begin()
    await first.node.publish('test', { text: 'one' })
    await first.node.publishMany('other', numbered(5))
    await waitUntil(async () => (await first.bindings.status())[0]?.position === 6, {
      what: 'the bookmark to be at the end',
    })
    await first.stop()

    const again = await boundNode({ identity: 'alice', directory: first.directory, maxBatchMessages: 1 })
    await again.node.publish('test', { text: 'two' })
    await pruneAll(again.store)
    again.bindings.add('test', 'handle', textIn)
    await again.begin()
    expect(await madeJobs(again, 2)).toEqual(['one', 'two'])
    expect(again.told).toEqual([])
  })

  it('counts and passes on what is said of messages that are not here', async () => {
    const alice = await boundNode({ identity: 'alice' })
    const notices: string[] = []
    alice.bindings.add('test', 'handle', textIn, { onNotice: ({ kind }) => notices.push(kind) })
    await alice.begin()
    const writer = new LogWriter({ identity: 'bob' })
    await writer.write()
    await loseBefore(alice.store, await writer.write())
    expect(await madeJobs(alice, 1)).toHaveLength(1)
    expect(notices).toEqual(['lost'])
    await caughtUp(alice)
    expect(await alice.bindings.status()).toMatchObject([{ jobs: 1, lost: 1 }])
  })

  it('makes jobs that are much larger than their messages, page by page', async () => {
    const alice = await boundNode({ identity: 'alice' })
    await alice.node.publishMany('test', numbered(150))
    const { addMany } = alice.queue
    let mostLength = 0
    alice.queue.addMany = ((inputs, bookmark) => {
      const length = inputs.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0)
      mostLength = Math.max(mostLength, length)
      return addMany.call(alice.queue, inputs, bookmark)
    }) as typeof addMany
    const large = (message: ReceivedMessage) => textOf(message).padEnd(500 * 1024)
    alice.bindings.add('test', 'handle', large, { from: 'start' })
    await alice.begin()
    await waitUntil(async () => (await alice.bindings.status())[0]?.jobs === 150, { what: 'all jobs' })
    expect(mostLength).toBeLessThan(5 * 2 ** 20)
    expect(alice.told).toEqual([])
  })

  it('goes on behind a notice that `onNotice` throws for, and tells what it threw', async () => {
    const alice = await boundNode({ identity: 'alice' })
    const onNotice = () => {
      throw new Error('no notices, please')
    }
    alice.bindings.add('test', 'handle', textIn, { onNotice })
    await alice.begin()
    const writer = new LogWriter({ identity: 'bob' })
    await writer.write()
    await loseBefore(alice.store, await writer.write())
    expect(await madeJobs(alice, 1)).toHaveLength(1)
    expect(alice.told).toMatchObject([{ message: 'no notices, please' }])
  })

  it('ends, whatever `map` waits for, and takes the message again at the next start', async () => {
    const alice = await boundNode({ identity: 'alice' })
    let isHanging = true
    const asked = Promise.withResolvers<void>()
    const map = (message: ReceivedMessage) => {
      if (!isHanging || textOf(message) !== '1') return textOf(message)
      asked.resolve()
      return new Promise<string>(() => {})
    }
    alice.bindings.add('test', 'handle', map)
    await alice.begin()
    await alice.node.publishMany('test', numbered(3))
    await asked.promise
    await alice.bindings.stop()
    isHanging = false
    await alice.bindings.start()
    expect(await madeJobs(alice, 3)).toEqual(['0', '1', '2'])
    expect(alice.told).toEqual([])
  })
})

describe('a binding whose queue does not commit bookmarks with jobs', () => {
  it('makes one job of each message, as long as it is known, by the message’s id', async () => {
    const driver = memoryDriver() as { -readonly [Key in keyof QueueDriver]: QueueDriver[Key] }
    const add = driver.add.bind(driver)
    let failures = 0
    // As a server that is lost between the two.
    driver.commitsBookmarks = false
    driver.add = async (jobs, bookmark) => {
      const added = await add(jobs)
      if (jobs.length > 0 && failures < 3) {
        failures += 1
        throw new Error('the server is gone')
      }
      if (bookmark !== undefined) await add([], bookmark)
      return added
    }
    const alice = await boundNode({ identity: 'alice', driver })
    alice.bindings.add('test', 'handle', textIn, { maxPauseMs: 20 })
    await alice.begin()
    await alice.node.publishMany('test', numbered(20))
    await waitUntil(() => failures === 3, { what: 'adding to have failed' })
    await caughtUp(alice)
    expect(await jobData(alice.queue, 'handle')).toEqual(numbered(20).map(({ text }) => text))
    // The bookmarks of a server are those of all its nodes.
    expect(await alice.queue.bookmark(`jobs/${alice.node.pastelId}/topic/test/handle`)).toBeDefined()
  })

  it('ends although the server that it waits for is gone, and goes on at the next start', async () => {
    const driver = memoryDriver() as { -readonly [Key in keyof QueueDriver]: QueueDriver[Key] }
    const add = driver.add.bind(driver)
    let isGone = false
    const asked = Promise.withResolvers<void>()
    driver.commitsBookmarks = false
    driver.add = async (jobs, bookmark) => {
      if (!isGone) return add(jobs, bookmark)
      asked.resolve()
      return new Promise(() => {})
    }
    const alice = await boundNode({ identity: 'alice', driver })
    alice.bindings.add('test', 'handle', textIn)
    await alice.begin()
    await alice.node.publish('test', { text: 'one' })
    await caughtUp(alice)
    isGone = true
    await alice.node.publish('test', { text: 'two' })
    await asked.promise
    await alice.bindings.stop()
    isGone = false
    await alice.bindings.start()
    expect(await madeJobs(alice, 2)).toEqual(['one', 'two'])
  })
})
