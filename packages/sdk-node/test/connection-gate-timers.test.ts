import type { Registrar } from '@libp2p/interface-internal'
import type { Signer } from '@pastel-mesh/identity'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CertificateGate } from '../src/connection/certificate-gate.ts'
import { OwnCertificate } from '../src/connection/own-certificate.ts'
import { createOpenRegistry, generateNodeKey } from '../src/index.ts'
import { seededSigner } from './fixtures/testkit.ts'

const DAY_MS = 24 * 60 * 60_000

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }),
)
afterEach(() => void vi.useRealTimers())

/** A gate without a network, and how often its certificate was signed. */
async function startGate(lifetimeMs: number, sign: Signer['sign'] = seededSigner('alice').sign) {
  let signatures = 0
  const signer: Signer = {
    ...seededSigner('alice'),
    sign: (...args) => {
      signatures += 1
      return sign(...args)
    },
  }
  const own = new OwnCertificate(
    { network: 'testnet', lifetimeMs },
    {
      signer,
      privateKey: await generateNodeKey(),
      describe: () => ({ addresses: [], topics: [], roles: [] }),
    },
  )
  const nothing = () => {}
  const gate = new CertificateGate(
    { network: 'testnet' },
    { own, registry: createOpenRegistry(), onCertified: nothing, onRefused: nothing, onGone: nothing },
  )
  const registrar = { handle: async () => {}, unhandle: async () => {} } as Partial<Registrar> as Registrar
  await gate.start(registrar)
  return { gate, own, signatures: () => signatures }
}

test('a certificate is renewed at half-life', async () => {
  const { gate, signatures } = await startGate(DAY_MS)
  await vi.advanceTimersByTimeAsync(DAY_MS / 2 - 1)
  expect(signatures()).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  await vi.waitFor(() => expect(signatures()).toBe(2))
  await gate.stop()
})

test('a lifetime beyond what a timer can wait does not renew without end', async () => {
  const { gate, own, signatures } = await startGate(365 * DAY_MS)
  expect(own.renewAfterMs).toBeLessThan(2 ** 31)
  await vi.advanceTimersByTimeAsync(10 * DAY_MS)
  expect(signatures()).toBe(1)
  await gate.stop()
})

test('a renewal that fails is tried again before the certificate ends', async () => {
  const { sign } = seededSigner('alice')
  let isDown = false
  const { gate, own } = await startGate(DAY_MS, (text, options) =>
    isDown ? Promise.reject(new Error('the signer is down')) : sign(text, options),
  )
  const { serial } = own
  isDown = true
  await vi.advanceTimersByTimeAsync(DAY_MS / 2)
  isDown = false
  await vi.advanceTimersByTimeAsync(DAY_MS / 4)
  await vi.waitFor(() => expect(own.serial).toBeGreaterThan(serial))
  await gate.stop()
})

test('a gate that is stopped while it renews sets no timer any more', async () => {
  const { sign } = seededSigner('alice')
  let release = () => {}
  let isSlow = false
  const { gate, signatures } = await startGate(DAY_MS, async (text, options) => {
    if (isSlow) await new Promise<void>((resolve) => (release = resolve))
    return sign(text, options)
  })
  isSlow = true
  await vi.advanceTimersByTimeAsync(DAY_MS / 2)
  expect(signatures()).toBe(2)
  await gate.stop()
  expect(vi.getTimerCount()).toBe(0)
  release()
  await vi.advanceTimersByTimeAsync(DAY_MS)
  expect(vi.getTimerCount()).toBe(0)
  expect(signatures()).toBe(2)
})
