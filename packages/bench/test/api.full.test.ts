import { expect, test } from 'vitest'
import { api } from '../src/api/api.ts'
import { Receipts } from '../src/api/receipts.ts'

test('api calls both servers, and sees every message come to every subscriber once', async () => {
  const { summary, isHeld } = await api([
    '--runs',
    '1',
    '--calls',
    '100',
    '--subscribers',
    '20',
    '--rate',
    '5',
    '--seconds',
    '1',
  ])
  for (const name of ['ping_1', 'ping_64', 'info_1', 'info_64']) {
    const { [name]: ours, [`${name}_bare`]: bare, [`${name}_ratio`]: ratio } = summary
    expect(ours, name).toBeGreaterThan(0)
    expect(bare, name).toBeGreaterThan(0)
    expect(ratio).toBeCloseTo(Number(ours) / Number(bare), 1)
  }
  for (const name of ['sse_call_p50', 'sse_call_p99', 'ws_call_p50', 'ws_call_p99'])
    expect(summary[name]).toBeGreaterThan(0)
  expect(typeof isHeld).toBe('boolean')
}, 180_000)

test('a message that comes twice, or out of its order, is a failure', async () => {
  const receive = (...positions: number[]) => {
    const receipts = new Receipts(1)
    receipts.expect()
    receipts.expect()
    for (const position of positions) receipts.take(0, { position, text: `${position % 2} x` } as never)
    return receipts.all()
  }
  await receive(7, 8)
  await expect(receive(7, 7)).rejects.toThrow('got position 7 instead of 8')
  await expect(receive(7, 9)).rejects.toThrow('got position 9 instead of 8')
})
