import { expect, it } from 'vitest'
import { describeBytes } from '../src/cli/describe-bytes.ts'

it.each([
  [0, '0 bytes'],
  [1_023, '1023 bytes'],
  [1_024, '1.0 KiB'],
  [150 * 1_024, '150 KiB'],
  [16 * 1_024 ** 3, '16.0 GiB'],
  [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text)
})
