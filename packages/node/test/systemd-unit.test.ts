import { spawnSync } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { parseDuration } from '../src/config/durations.ts'
import { loadConfig } from '../src/config/load-config.ts'
import { CHECKOUT, missingForUnits, runUnit, UNIT } from './fixtures/unit-runner.ts'

const PASSPHRASE = `${PASSPHRASE_PREFIX}of-systemd`
const PMESH = '/opt/pastel-mesh/setup/systemd/pmesh'
const NODE = '/opt/pastel-mesh/node_modules/.bin/node'
const READY_URL = 'http://127.0.0.1:7125/readyz'

const missing = missingForUnits()
if (missing !== undefined) console.warn(missing)

/** Where the unit expects the program, as on the machine that it is for. */
function inPlace(command: string) {
  const script = `mount -t tmpfs none /opt && mkdir /opt/pastel-mesh && mount --bind "$0" /opt/pastel-mesh && ${command}`
  return spawnSync('unshare', ['--mount', 'sh', '-c', script, CHECKOUT], { encoding: 'utf8' })
}

/** Of everything in the folder of the node. */
async function modes(folder: string): Promise<{ name: string; uid: number; mode: string }[]> {
  const names = ['', ...(await readdir(folder, { recursive: true }))]
  return Promise.all(
    names.map(async (name) => {
      const { uid, mode } = await stat(join(folder, name))
      return { name, uid, mode: (mode & 0o077).toString(8) }
    }),
  )
}

describe.skipIf(missing !== undefined)('the systemd unit', () => {
  it('is in order, and gives little away', () => {
    const unit = '/opt/pastel-mesh/setup/systemd/pmesh.service'
    const { status, stdout, stderr } = inPlace(`systemd-analyze verify ${unit}`)
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    // What is left of it is the network, which the node is for.
    const analysed = inPlace(`systemd-analyze security --offline=true --threshold=15 --no-pager ${unit}`)
    expect(analysed.stdout).toMatch(/Overall exposure level for pmesh.service: 1\.\d OK/)
    expect(analysed.status).toBe(0)
  })

  it('asks for what it is to come after', async () => {
    const text = await readFile(UNIT, 'utf8')
    const named = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.split(' ')
    expect(named('After')).toContain('time-sync.target')
    expect(named('Wants')).toEqual(named('After'))
  })

  it('waits longer for the end of the node than the node itself', async () => {
    const text = await readFile(UNIT, 'utf8')
    const { config } = await loadConfig({ flags: {}, env: {}, cwd: CHECKOUT })
    const waits = parseDuration(text.match(/^TimeoutStopSec=(.*)$/m)?.[1] ?? '')
    expect(waits).toBeGreaterThanOrEqual(config.stopTimeoutMs + 15_000)
  })

  it('runs as it stands: told when it is ready and when it stops, reloaded, ended with 0', {
    timeout: 120_000,
  }, async () => {
    const unit = await runUnit(`${PASSPHRASE}\n`)
    const gone = new AbortController()
    unit.ended.then((code) => gone.abort(new Error(`it ended with ${code}`)))
    await waitUntil(() => unit.told.includes('READY=1'), {
      what: 'systemd to be told that it is ready',
      timeoutMs: 60_000,
      signal: gone.signal,
    }).catch((cause) => {
      throw new Error(`it is not ready:\n${unit.log()}`, { cause })
    })
    // Ready means ready: the command of the operator, by the shipped script, has its answer.
    const status = await unit.run(PMESH, 'status')
    expect(status).toMatchObject({ code: 0, stderr: '' })
    expect(status.stdout).toContain('/ip4/127.0.0.1/tcp/7124')
    const ready = await unit.run(
      NODE,
      '--eval',
      `fetch('${READY_URL}').then(({ status }) => console.log(status))`,
    )
    expect(ready).toMatchObject({ code: 0, stdout: '200\n' })
    // The key is under the passphrase that systemd gave it, of which there is no copy in the folder.
    const { state, uid } = unit
    expect(await readdir(state)).not.toContain('passphrase')
    expect(await unit.run(PMESH, 'id', 'sign', 'hello')).toMatchObject({ code: 0, stderr: '' })
    for (const { name, ...rights } of await modes(state))
      expect({ name, ...rights }).toEqual({ name, uid, mode: '0' })

    await writeFile(join(state, 'pmesh.yaml'), 'topics: [prices]\nlog: {level: debug}\n', { mode: 0o644 })
    unit.reload()
    await waitUntil(() => unit.log().includes('applied: log.level info → debug'), { what: 'the reload' })

    unit.stop()
    expect(await unit.ended).toBe(0)
    expect(unit.told.filter((line) => !line.startsWith('STATUS='))).toEqual(['READY=1', 'STOPPING=1'])
    expect(unit.log()).toContain('all parts have stopped')
    expect(unit.log()).not.toContain(PASSPHRASE)
  })
})
