import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { missingForNamespaces } from '../src/chaos/network/namespace.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { leftBy, startDemo } from './fixtures/demo-process.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const MAIN = fileURLToPath(new URL('../src/chaos/main.ts', import.meta.url))
const NETNS = missingForNamespaces() === undefined ? ['--netns'] : []

/** What still runs in a folder, or is mounted there. */
async function leftIn(temporary: string): Promise<string[]> {
  const processes = (await leftBy(temporary)).filter((what) => !what.startsWith('pmesh-'))
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  return [...processes, ...mounts.filter((mount) => mount.includes(temporary))]
}

/** Processes that a process has started, and those have started. */
async function descendantsOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const pids = children.trim().split(' ').filter(Boolean).map(Number)
  return [...pids, ...(await Promise.all(pids.map(descendantsOf))).flat()]
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a run with faults that is interrupted', () => {
  it.each([
    ['SIGTERM', 143, 'before its members run', / members, /],
    ['SIGINT', 130, 'among its faults', /members run/],
  ] as const)(
    'by %s ends with %d %s, and leaves no processes, namespaces and mounts',
    async (signal, code, _, sign) => {
      const temporary = await temporaryFolder()
      const args = ['--minutes', '1', '--members', '3', '--only', 'pause,silence,disk', ...NETNS]
      const chaos = startDemo(args, temporary, MAIN)
      const pid = chaos.process.pid as number
      await waitUntil(() => sign.test(chaos.output()), { what: `the run to say ${sign}`, timeoutMs: 60_000 })
      const started = await waitUntil(
        async () => {
          const found = await descendantsOf(pid)
          return found.length > 1 && found
        },
        { what: 'processes to be there', everyMs: 5 },
      )
      chaos.process.kill(signal)
      const { stdout, stderr, ...ended } = await chaos.ended
      expect(ended).toEqual({ code, signal: null })
      expect(stdout).toMatch(
        /interrupted: \d+ of \d+ faults had begun \(.*\), 0 problems were told; nothing was audited/,
      )
      expect(stderr).toMatch(/the folders of the members are in .*\nchaos: interrupted\n$/)
      await waitUntil(() => !started.some(isAlive), { what: 'all processes to be gone' })
      expect(await leftIn(temporary)).toEqual([])
    },
    120_000,
  )
})
