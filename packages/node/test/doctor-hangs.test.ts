import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { diagnosed } from './fixtures/doctor.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe('pmesh doctor', () => {
  it('is held up by nothing that hangs', async () => {
    const dataDir = await temporaryFolder()
    // To read it takes until somebody writes: a thread that no process ends without.
    execFileSync('/usr/bin/mkfifo', [join(dataDir, 'pmesh.yaml')])
    const { code, of } = await diagnosed(['--data', dataDir])
    expect(code).toBe(1)
    expect(of('configuration')).toMatchObject([
      { state: 'failed', message: expect.stringContaining('what it is read from hangs') },
    ])
    expect(of('data folder')[0]).toMatchObject({ state: 'ok' })
  })
})
