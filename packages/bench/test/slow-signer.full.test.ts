import { expect, test } from 'vitest'
import { slowSigner } from '../src/slow-signer/slow-signer.ts'

test('slow-signer publishes through a core that takes 25 ms a signature, in batches, one by one, and with a key', async () => {
  const args = ['--runs', '1', '--messages', '2000', '--single-messages', '10']
  const { summary, isHeld } = await slowSigner(args)
  const { ours, baseline, local_key } = summary
  for (const rate of [ours, baseline, local_key]) expect(rate).toBeGreaterThan(0)
  // Two signatures at a time, of 25 ms: this is what batching is against.
  expect(Number(baseline)).toBeLessThan((2 * 1000) / 25)
  expect(Number(ours)).toBeGreaterThan(Number(baseline))
  expect(typeof isHeld).toBe('boolean')
}, 120_000)
