import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../../testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { gather, runCli, spawnCli } from './fixtures/cli.ts'
import { coreKeyArgs } from './fixtures/core-key-args.ts'
import { startNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

let emulator: PasteldEmulator
let core: EmulatedSupernode

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: [{ auth: 'cookie' }], latency: 0 })
  const [first] = emulator.supernodes
  if (first === undefined) throw new Error('the emulator has no supernode')
  core = first
})

afterAll(() => emulator?.stop())

describe('a start', () => {
  it('waits for a core that is to sign, and says so; a signal ends that', async () => {
    const folder = await temporaryFolder()
    const flags = await coreKeyArgs(folder, core)
    await core.stop()
    onTestFinished(() => core.start())
    const start = () => spawnCli(['start', '--data', folder, '--listen', '/ip4/127.0.0.1/tcp/0', ...flags])
    const one = start()
    const output = gather(one.stdout)
    await waitUntil(() => output().includes('waits for the Pastel core'), { what: 'the node to say it' })
    one.kill('SIGTERM')
    await waitUntil(() => one.exitCode !== null, { what: 'the end of the node' })
    expect(one.exitCode).toBe(0)
    const two = start()
    onTestFinished(() => void two.kill('SIGKILL'))
    const again = gather(two.stdout)
    await waitUntil(() => again().includes('waits for the Pastel core'), { what: 'the node to say it' })
    await core.start()
    await waitUntil(() => again().includes('"event":"ready"'), { what: 'the node to go on' })
  })

  it('ends with a passphrase that does not open the key, and does not show it', async () => {
    const folder = await temporaryFolder()
    const flags = await coreKeyArgs(folder, { ...core, passphrase: `${PASSPHRASE_PREFIX}wrong` })
    await chmod(join(folder, 'word'), 0o644)
    const { code, stdout, stderr } = await runCli(['start', '--data', folder, ...flags])
    expect(code).toBe(1)
    expect(stderr).toContain('ERR_PASTELD_PASSPHRASE')
    expect(stdout).toContain(`others may read ${join(folder, 'word')} (mode 644): chmod 600`)
    expect(stdout + stderr).not.toContain(PASSPHRASE_PREFIX)
  })

  it('with a key file goes on without the core, and says what does not work', async () => {
    const folder = await temporaryFolder()
    await makeCheapIdentity(folder)
    await core.stop()
    const away = await startNode({
      dataDir: folder,
      args: ['--members', 'pasteld', '--pasteld-conf', core.confPath],
    }).finally(() => core.start())
    onTestFinished(() => away.remove())
    expect(away.output()).toMatch(/the Pastel core was not reached: no list of supernodes is known yet/)
  })
})
