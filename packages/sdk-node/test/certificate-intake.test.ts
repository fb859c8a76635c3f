import { encodePastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import { openCertificate } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import { AddressBook } from '../src/connection/address-book.ts'
import { CertificateIntake } from '../src/connection/certificate-intake.ts'
import { KeptBook } from '../src/connection/kept-book.ts'
import { createCounters } from '../src/counters.ts'
import { createOpenRegistry, generateNodeKey, type MemberRegistry } from '../src/index.ts'
import { certificateFor } from './fixtures/raw-peers.ts'
import { collect, openStore } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const NOW = Date.now()
const OWN = seededSigner('own')
const [nodeKey, otherKey] = await Promise.all([generateNodeKey(), generateNodeKey()])

const make = (identity: string, change: Partial<Certificate> = {}, key = nodeKey) =>
  certificateFor({ nodeKey: key }, identity, change)

function setUp(registry: MemberRegistry = createOpenRegistry(), max = 4096) {
  const book = new AddressBook({ max })
  const counters = createCounters().certificates
  const intake = new CertificateIntake(
    { network: 'testnet', own: OWN.pastelId },
    { book, registry, counters },
  )
  return { book, counters, intake }
}

const everybodyBut = (identity: string): MemberRegistry => ({
  ...createOpenRegistry(),
  memberAt: (pastelId) =>
    pastelId === seededSigner(identity).pastelId ? undefined : { pastelId, role: 'member' },
})

describe('a certificate that others tell of', () => {
  test('is verified once, however often and from however many it comes', async () => {
    const { book, counters, intake } = setUp()
    const envelope = await make('a')
    const taken = await Promise.all(Array.from({ length: 20 }, () => intake.take(new Uint8Array(envelope))))
    expect(taken.map(({ verdict }) => verdict).sort()).toEqual([...Array(19).fill('known'), 'new'])
    await intake.take(envelope)
    expect(counters).toEqual({ verified: 1, learned: 1, rejected: 0, ignored: 0 })
    expect(book.size).toBe(1)
  })

  test('is taken unverified neither if it is old, expired, from the future, nor of no member', async () => {
    const { book, counters, intake } = setUp(everybodyBut('stranger'))
    await intake.take(await make('a', { serial: NOW }))
    const before = counters.verified
    const refused: [string, Uint8Array][] = [
      ['superseded', await make('a', { serial: NOW - 1 })],
      ['superseded', await make('a', { serial: NOW - 1 }, otherKey)],
      ['expired', await make('b', { notBeforeMs: NOW - 2000, notAfterMs: NOW - 1000 })],
      ['from-the-future', await make('c', { serial: NOW + 3_600_000 })],
      ['not-a-member', await make('stranger')],
    ]
    for (const [reason, envelope] of refused) {
      expect(await intake.take(envelope), reason).toEqual({ verdict: 'ignored', reason })
    }
    expect(counters.verified).toBe(before)
    expect(book.size).toBe(1)
  })

  test('is rejected if its bytes prove it wrong', async () => {
    const { book, counters, intake } = setUp()
    const wrongSignature = await make('a')
    wrongSignature[3] = (wrongSignature[3] as number) ^ 1
    const wrongNodeSignature = await make('a')
    wrongNodeSignature[120] = (wrongNodeSignature[120] as number) ^ 1
    const wrong = [
      new Uint8Array(0),
      new Uint8Array(40_000),
      new Uint8Array(500).fill(7),
      await make('a', { network: 'another' }),
      wrongSignature,
      wrongNodeSignature,
    ]
    for (const envelope of wrong) expect((await intake.take(envelope)).verdict).toBe('rejected')
    expect(counters).toMatchObject({ rejected: wrong.length, learned: 0 })
    expect(book.size).toBe(0)
  })

  test('takes the place of an older one, also with another node key', async () => {
    const { book, intake } = setUp()
    for (const [serial, key] of [
      [NOW - 3, nodeKey],
      [NOW - 2, nodeKey],
      [NOW - 1, otherKey],
    ] as const) {
      const envelope = await make('a', { serial }, key)
      expect(await intake.take(envelope)).toMatchObject({ verdict: 'new' })
      expect(book.entry(seededSigner('a').pastelId)?.certificate.serial).toBe(serial)
    }
  })

  test('of the own PastelID is taken only if it is of another node that takes the place of this one', async () => {
    const { book, intake } = setUp()
    const own = await make('own', { serial: NOW - 10 })
    book.setOwn(OWN.pastelId, await openCertificate(own), own)
    const heard: string[] = []
    book.listen({ added: ({ pastelId }) => heard.push(pastelId) })
    expect((await intake.take(own)).verdict).toBe('known')
    expect((await intake.take(await make('own', { serial: NOW - 5 }))).verdict).toBe('ignored')
    expect((await intake.take(await make('own', { serial: NOW - 20 }, otherKey))).verdict).toBe('ignored')
    expect(heard).toEqual([])
    expect((await intake.take(await make('own', { serial: NOW - 5 }, otherKey))).verdict).toBe('new')
    expect(heard).toEqual([OWN.pastelId])
  })

  test('of one that makes them without end is verified some times and no more', async () => {
    const { counters, intake } = setUp()
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => make('a', { serial: NOW - 100 + i })))
    await Promise.all(all.map((envelope) => intake.take(envelope)))
    expect(counters.verified).toBeLessThan(15)
    expect(counters.ignored).toBeGreaterThan(15)
  })

  test('finds its place in a book that is bounded, in number and in bytes', async () => {
    const { book, intake } = setUp(createOpenRegistry(), 3)
    for (const identity of ['a', 'b', 'c', 'd']) await intake.take(await make(identity))
    expect([...book.entries()].map(({ pastelId }) => pastelId)).toEqual(
      ['b', 'c', 'd'].map((identity) => seededSigner(identity).pastelId),
    )
    const small = new AddressBook({ maxBytes: 1_000 })
    for (let i = 0; i < 20; i += 1) {
      const subject = new Uint8Array(57).fill(i)
      const { certificate } = [...book.entries()][0] as { certificate: Certificate }
      small.learn(encodePastelId(subject), certificate, new Uint8Array(300))
    }
    expect(small.size).toBe(3)
    expect(small.sizeBytes).toBe(900)
  })
})

describe('the book that is kept', () => {
  test('is there after a restart, without what is no good any more', async () => {
    const store = await openStore()
    const first = setUp()
    const kept = new KeptBook({
      values: store.values,
      book: first.book,
      intake: first.intake,
      pastelId: OWN.pastelId,
    })
    kept.start()
    for (const identity of ['a', 'b', 'stranger']) await first.intake.take(await make(identity))
    await first.intake.take(await make('a', { serial: NOW + 60_000, topics: ['newer'] }))
    await kept.stop()
    const name = (identity: string) => `book/${seededSigner(identity).pastelId}`
    await store.values.write([
      { name: name('expired'), value: await make('expired', { notBeforeMs: 1, notAfterMs: 2 }) },
      { name: name('garbage'), value: new Uint8Array(300) },
    ])

    const { book, intake, counters } = setUp(everybodyBut('stranger'))
    const again = new KeptBook({ values: store.values, book, intake, pastelId: OWN.pastelId })
    again.start()
    await again.loaded()
    expect(counters.verified).toBe(2)
    expect(new Set([...book.entries()].map(({ pastelId }) => pastelId))).toEqual(
      new Set(['a', 'b'].map((identity) => seededSigner(identity).pastelId)),
    )
    expect(book.get(seededSigner('a').pastelId)?.topics).toEqual(['newer'])
    await again.stop()
    const names = (await collect(store.values.read('book/'))).map(([key]) => key)
    expect(new Set(names)).toEqual(new Set(['a', 'b'].map(name)))
  })
})
