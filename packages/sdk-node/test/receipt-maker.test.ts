import { readReceipt } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { receiptMakerOf } from './fixtures/direct-peer.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'

test.each([
  ['goes on above a serial of its own', Date.now() + 1_000_000, 1],
  ['does not go on from one that leaves no numbers', Number.MAX_SAFE_INTEGER, undefined],
])('a maker of receipts %s', async (_, serial, above) => {
  const maker = await receiptMakerOf(await ProtocolPeer.start('bob'))
  maker.goOnFrom(serial)
  const beganMs = Date.now()
  const log = 'a'.repeat(26) as never
  const [made] = await maker.make([{ log, first: 0, last: 0, outcome: 'entered', reason: '' }])
  const { serial: next } = readReceipt(made?.receipt ?? new Uint8Array())
  if (above !== undefined) expect(next).toBe(serial + above)
  else {
    expect(next).toBeGreaterThanOrEqual(beganMs)
    expect(next).toBeLessThan(beganMs + 60_000)
  }
})
