import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

const PREFIX = join(tmpdir(), 'pmesh-identity-')

/** A new empty folder, gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(PREFIX)
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const shared: string[] = []
afterAll(() => Promise.all(shared.map((folder) => rm(folder, { recursive: true, force: true }))))

/** The same for all tests of a file: gone when they are over. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(PREFIX)
  shared.push(folder)
  return folder
}
