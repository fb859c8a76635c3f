import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CheckContext } from '../src/doctor/check.ts'
import { clockCheck, stepFinding } from '../src/doctor/clock-check.ts'
import { configCheck } from '../src/doctor/config-check.ts'
import { filesCheck, parseLimit } from '../src/doctor/files-check.ts'
import { judge as judgeMemory, memoryCheck } from '../src/doctor/memory-check.ts'
import { runtimeFinding } from '../src/doctor/node-check.ts'
import { pluginsCheck } from '../src/doctor/plugins-check.ts'
import { queueCheck } from '../src/doctor/queue-check.ts'
import { standingCheck } from '../src/doctor/standing-check.ts'
import { diagnosed, found } from './fixtures/doctor.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const MIB = 2 ** 20

/** A node that says so much of its standing. */
function standing(of: object): CheckContext['node'] {
  return { kind: 'running', status: { standing: of, pid: process.pid }, keys: undefined } as never
}

describe('the check of open files', () => {
  it.each([
    [300, 'failed', 'a node needs 512 at the least'],
    [1_024, 'warning', 'with all connections that it takes a node has 3,'],
  ])('under ulimit -n %i it says so, and what to set', async (limit, state, text) => {
    const dataDir = await temporaryFolder()
    const under = ['/bin/sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh']
    const { code, of } = await diagnosed(
      ['--data', dataDir, '--api-listen', 'off', '--metrics-listen', 'off', '--listen', '127.0.0.1:0'],
      { under },
    )
    if (state === 'failed') expect(code).toBe(1)
    expect(of('open files')).toMatchObject([
      {
        state,
        message: expect.stringContaining(text),
        advice: expect.stringMatching(/LimitNOFILE=4096; .*ulimit -n 4096;/),
        measured: { soft: limit, hard: limit },
      },
    ])
  })

  it('reads what the system says', () => {
    expect(parseLimit('Max open files            1024                 unlimited            files\n')).toEqual(
      {
        soft: 1_024,
        hard: Number.MAX_SAFE_INTEGER,
      },
    )
    expect(parseLimit('')).toBeUndefined()
  })

  it('is content with what is enough', async () => {
    const [finding] = await found(filesCheck, await temporaryFolder())
    expect(finding).toMatchObject({ measured: { neededFiles: expect.any(Number) } })
  })
})

describe('the check of memory', () => {
  it('reads the limit of the machine, or of the group', async () => {
    const [finding] = await found(memoryCheck, await temporaryFolder())
    expect(finding).toMatchObject({
      measured: { limitBytes: expect.any(Number), processors: expect.any(Number) },
    })
  })

  it.each([
    [2_048, 'ok'],
    [300, 'warning'],
    [128, 'failed'],
  ])('judges %i MiB', (mebibytes, state) => {
    const finding = judgeMemory({ limitBytes: mebibytes * MIB, isOfGroup: true, usedBytes: 90 * MIB })
    expect(finding).toMatchObject({ state, message: expect.stringMatching(/^the node has 90.0 MiB of /) })
    expect(finding.advice === undefined || finding.advice.includes('MemoryMax=')).toBe(true)
  })
})

describe('the check of the clock', () => {
  /** Commands of this machine that say what the test wants. */
  async function withCommands(commands: Record<string, string>): Promise<string> {
    const folder = await temporaryFolder()
    for (const name of ['timedatectl', 'chronyc']) {
      await writeFile(join(folder, name), `#!/bin/sh\n${commands[name] ?? 'exit 1'}\n`, { mode: 0o755 })
    }
    const before = process.env.PATH
    process.env.PATH = `${folder}${delimiter}${before}`
    onTestFinished(() => {
      process.env.PATH = before
    })
    return folder
  }

  it.each([
    ['echo NTP=yes; echo NTPSynchronized=yes', 'ok', /synchronised by NTP$/],
    ['echo NTP=yes; echo NTPSynchronized=no', 'warning', /not synchronised yet, though NTP is on$/],
    ['echo NTP=no; echo NTPSynchronized=no', 'warning', /NTP is off$/],
  ])('without peers believes timedatectl: %s', async (timedatectl, state, message) => {
    const dataDir = await withCommands({ timedatectl })
    expect(await found(clockCheck, dataDir)).toMatchObject([
      { state, message: expect.stringMatching(message) },
    ])
  })

  it('then chrony, and says that nothing is known where neither answers', async () => {
    const chronyc =
      'echo "System time     : 0.002500000 seconds slow of NTP time"; echo "Leap status     : Normal"'
    const dataDir = await withCommands({ chronyc })
    expect(await found(clockCheck, dataDir)).toMatchObject([
      { state: 'ok', message: 'chrony says that it is 2.5 ms slow', measured: { offsetMs: -2.5 } },
    ])
    await withCommands({ chronyc: chronyc.replace('Normal', 'Not synchronised') })
    expect(await found(clockCheck, dataDir)).toMatchObject([{ state: 'warning' }])
    await withCommands({})
    expect(await found(clockCheck, dataDir)).toMatchObject([{ state: 'not-checked' }])
  })

  it('is held up by no command that hangs', async () => {
    const dataDir = await withCommands({ timedatectl: 'trap "" TERM; while :; do sleep 1; done' })
    expect(await found(clockCheck, dataDir)).toMatchObject([{ state: 'not-checked' }])
  })

  it.each([
    [{ state: 'ok', offsetMs: -12, peers: 3 }, 'ok', /^12 ms behind the median of 3 peers$/],
    [{ state: 'doubtful', offsetMs: 90_000, peers: 1 }, 'warning', /90 s ahead of that of the only peer/],
    [{ state: 'wrong', offsetMs: 90_000, peers: 4 }, 'failed', /90 s ahead of those of 4 peers/],
  ])('of a node that runs it compares with the peers: %o', async (clock, state, message) => {
    const findings = await found(clockCheck, await temporaryFolder(), { node: standing({ clock }) })
    expect(findings).toMatchObject([{ state, message: expect.stringMatching(message) }])
    expect(findings[0]?.advice === undefined).toBe(state === 'ok')
  })
})

describe('the check of the mesh certificate', () => {
  const HOUR_MS = 3_600_000
  const certificate = (madeAgoMs: number) => {
    const madeAtMs = Date.now() - madeAgoMs
    return { madeAtMs, renewAtMs: madeAtMs + 12 * HOUR_MS, notAfterMs: madeAtMs + 24 * HOUR_MS }
  }

  it.each([
    [HOUR_MS, 'ok', /^good for 2[23] h, renewed in 1[01] h$/],
    [15 * HOUR_MS, 'warning', /^it should have been renewed 3 h ago, and ends in [89] h$/],
    [26 * HOUR_MS, 'failed', /^it ended 2 h ago$/],
  ])('judges one that was made %i ms ago', async (agoMs, state, message) => {
    const node = standing({ certificate: certificate(agoMs) })
    expect(await found(standingCheck, await temporaryFolder(), { node })).toMatchObject([
      { state, message: expect.stringMatching(message) },
    ])
  })

  it('finds that another node has the PastelID', async () => {
    const superseded = { peerId: '12D3KooWother', addresses: [], unshared: 2 }
    const node = standing({ superseded })
    expect(await found(standingCheck, await temporaryFolder(), { node })).toMatchObject([
      { state: 'failed', advice: expect.stringContaining('2 of its messages are nowhere else') },
    ])
  })
})

describe('the check of the configuration', () => {
  it('finds what is wrong with members and keys as well', async () => {
    const dataDir = await temporaryFolder()
    expect(await found(configCheck, dataDir)).toMatchObject([
      { state: 'ok', message: '0 values set, no file' },
    ])
    await writeFile(join(dataDir, 'members'), 'somebody\n')
    await writeFile(join(dataDir, 'node.key'), 'x')
    expect(await found(configCheck, dataDir)).toMatchObject([
      {
        state: 'failed',
        message: expect.stringContaining(`the key file of this node's PastelID is missing`),
      },
      { state: 'failed', message: `${dataDir}/members, line 1: "somebody" is not a PastelID` },
    ])
  })
})

describe('the check of the queue', () => {
  it.each([
    [
      { state: 'running', waiting: 3, running: 1, failed: 0, isPaused: false },
      'ok',
      '3 jobs waiting, 1 running, 0 failed',
    ],
    [
      { state: 'running', waiting: 3, running: 0, failed: 0, isPaused: true },
      'warning',
      'everything is paused',
    ],
    [
      { state: 'unavailable', code: 'ERR_QUEUE', reason: 'the server is gone' },
      'failed',
      'the server is gone',
    ],
  ])('judges %o', async (queue, state, text) => {
    const node = { kind: 'running', status: { queue }, keys: undefined } as never as CheckContext['node']
    expect(await found(queueCheck, await temporaryFolder(), { node })).toMatchObject([
      { state, message: expect.stringContaining(text) },
    ])
  })
})

describe('the check of plugins', () => {
  it('finds one that cannot be loaded, and where it is named', async () => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'greeter.ts'), `throw new Error('no licence')`)
    expect(await found(pluginsCheck, dataDir)).toMatchObject([{ state: 'ok', message: 'none is named' }])
    expect(await found(pluginsCheck, dataDir, { flags: { plugins: ['./greeter.ts'] } })).toMatchObject([
      { state: 'failed', subject: 'plugins', message: expect.stringContaining('no licence') },
    ])
  })

  it('of a node that runs it finds those that failed', async () => {
    const lastFailure = { message: 'no answer\nat …', atMs: Date.now() - 5_000 }
    const plugins = [
      { name: 'good', failures: 0, background: [] },
      // Those of background tasks are among them.
      { name: 'bad', failures: 3, background: [{ failures: 2, lastFailure }] },
    ]
    const node = { kind: 'running', status: { plugins }, keys: undefined } as never as CheckContext['node']
    expect(await found(pluginsCheck, await temporaryFolder(), { node })).toMatchObject([
      { state: 'ok', subject: 'good' },
      {
        state: 'warning',
        subject: 'bad',
        message: '3 failures since the start, the last 5 s ago: no answer',
      },
    ])
  })
})

it('finds a clock that is set while it is looked at', () => {
  expect(stepFinding(20)).toEqual([])
  expect(stepFinding(-3_000)).toMatchObject([{ state: 'warning', measured: { stepMs: -3_000 } }])
})

it.each([
  ['24.1.0', 'ok'],
  ['22.15.0', 'ok'],
  ['22.9.1', 'failed'],
  ['20.20.2', 'failed'],
])('Node %s is %s', (version, state) => {
  expect(runtimeFinding(version, '22.15').state).toBe(state)
})
