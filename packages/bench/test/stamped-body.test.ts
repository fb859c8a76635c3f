import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readStamp, stampedBody } from '../src/latency/stamped-body.ts'

test('a body says how long ago it was stamped, also when another process stamped it', () => {
  const module = new URL('../src/latency/stamped-body.ts', import.meta.url).href
  const code = `import { stampedBody } from ${JSON.stringify(module)}; process.stdout.write(stampedBody(256, true).toString('hex'))`
  const began = process.hrtime.bigint()
  const hex = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', code], {
    encoding: 'utf8',
  })
  const { ageMs, isMeasured } = readStamp(Buffer.from(hex, 'hex'))
  const tookMs = Number(process.hrtime.bigint() - began) / 1e6
  expect(isMeasured).toBe(true)
  expect(ageMs).toBeGreaterThan(0)
  expect(ageMs).toBeLessThan(tookMs)
})

test('a body has the size that was asked for, and tells the warm-up from the measurement', () => {
  const body = stampedBody(256, false)
  expect(body).toHaveLength(256)
  expect(readStamp(body).isMeasured).toBe(false)
})
