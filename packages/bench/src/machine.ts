import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadAverage } from './machine-load.ts'

/** What this machine does without any of our code, so that figures of different machines can be compared. */
export interface MachineRates {
  readonly cpu: string
  readonly cores: number
  /** Of the minute before: what else the machine was doing. */
  readonly loadAverage: number
  /** Appends of 4 KiB, each with fdatasync, one after the other. */
  readonly fsyncsPerSecond: number
  /** Ed448 verifications on all threads of the pool. */
  readonly verifiesPerSecond: number
}

/** How long each rate is measured. */
const MEASURE_MS = 1_000
const VERIFIES_IN_FLIGHT = 8

const verifyAsync = promisify(verify)

export async function measureMachine(): Promise<MachineRates> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadAverage: loadAverage(),
    fsyncsPerSecond: measureFsync(),
    verifiesPerSecond: await measureVerify(),
  }
}

function measureFsync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'pmesh-bench-'))
  const file = openSync(join(folder, 'fsync'), 'a')
  const block = Buffer.alloc(4096)
  let count = 0
  const began = performance.now()
  while (performance.now() - began < MEASURE_MS) {
    writeSync(file, block)
    fdatasyncSync(file)
    count += 1
  }
  const seconds = (performance.now() - began) / 1000
  closeSync(file)
  rmSync(folder, { recursive: true })
  return Math.round(count / seconds)
}

async function measureVerify(): Promise<number> {
  const { privateKey } = generateKeyPairSync('ed448')
  const key = createPublicKey(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  const text = Buffer.alloc(84, 'x')
  const signature = sign(null, text, privateKey)
  let count = 0
  const began = performance.now()
  const worker = async () => {
    while (performance.now() - began < MEASURE_MS) {
      await verifyAsync(null, text, key, signature)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: VERIFIES_IN_FLIGHT }, worker))
  return Math.round(count / ((performance.now() - began) / 1000))
}
