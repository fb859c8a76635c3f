import { openCertificate } from '@pastel-mesh/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { OwnCertificate } from '../src/connection/own-certificate.ts'
import { generateNodeKey } from '../src/index.ts'
import { seededSigner } from './fixtures/testkit.ts'

afterEach(() => void vi.useRealTimers())

async function make(): Promise<OwnCertificate> {
  return new OwnCertificate(
    { network: 'test', lifetimeMs: 3_600_000 },
    {
      signer: seededSigner('alice'),
      privateKey: await generateNodeKey(),
      describe: () => ({ addresses: [], topics: [], roles: [] }),
    },
  )
}

test('a serial of a clock that was ahead is not carried on: others would refuse it until that time', async () => {
  const own = await make()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
  await own.renew()
  vi.useRealTimers()
  await own.renew()
  expect(own.serial).toBeLessThanOrEqual(Date.now())
  expect(await openCertificate(own.envelope)).toMatchObject({ serial: own.serial })
})

test('a serial goes on where a clock was set back by little', async () => {
  const own = await make()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  await own.renew()
  const before = own.serial
  vi.useRealTimers()
  await own.renew()
  expect(own.serial).toBe(before + 1)
})
