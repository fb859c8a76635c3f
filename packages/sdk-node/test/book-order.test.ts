import type { PastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressBook, type BookEntry } from '../src/connection/address-book.ts'

const certificate = (serial: number) => ({ nodeKey: new Uint8Array(32), serial }) as Certificate
const envelope = new Uint8Array(1)

test('what came to a book since a position is told in the order in which it came, whatever has left since', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('learn', 'own', 'remove'), fc.nat(12)), { maxLength: 200 }),
      (steps) => {
        const book = new AddressBook({ max: 8 })
        steps.forEach(([step, who], i) => {
          const name = `jX${who}` as PastelId
          if (step === 'learn') book.learn(name, certificate(i + 1), envelope)
          else if (step === 'own') book.setOwn('jXown' as PastelId, certificate(i + 1), envelope)
          else book.sweep(0, (pastelId) => pastelId !== name)
        })
        const entries = [...book.entries(), ...(book.own === undefined ? [] : [book.own])]
        const inOrder = entries.toSorted((a, b) => a.position - b.position)
        for (let position = 0; position <= book.end; position += 7) {
          const expected = inOrder.filter((entry: BookEntry) => entry.position >= position)
          expect([...book.since(position)]).toEqual(expected)
        }
      },
    ),
  )
})

test('a book has room for a network of 5,000: what is known of one is not let go of for another', () => {
  const book = new AddressBook()
  for (let i = 0; i < 5_000; i += 1) book.learn(`jX${i}` as PastelId, certificate(1), envelope)
  expect(book.size).toBe(5_000)
  // Told of all of them again, by a peer that knows the same, it learns nothing.
  const news = Array.from({ length: 5_000 }, (_, i) => book.isNews(`jX${i}` as PastelId, certificate(1)))
  expect(news).not.toContain(true)
})
