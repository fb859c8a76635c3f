import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { MemberPlace } from '../src/chaos/network/chaos-network.ts'
import { missingForNamespaces } from '../src/chaos/network/namespace.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'

const missing = missingForNamespaces()
if (missing !== undefined) console.warn(missing)

/** Network namespaces that processes are in, by their numbers. */
function namespaces(): Set<string> {
  const found = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

it.skipIf(missing !== undefined)(
  'two runs do not meet, and one that is killed leaves nothing behind',
  async () => {
    const main = fileURLToPath(new URL('./fixtures/namespaces-main.ts', import.meta.url))
    const start = () => fork(main, { execArgv: ['--conditions=source'] })
    const runs = [start(), start()]
    const places = (await Promise.all(runs.map((run) => once(run, 'message')))).map(
      ([told]) => told as MemberPlace[],
    )
    // The same addresses in both, in namespaces of their own.
    expect(places[0]?.map(({ listen }) => listen)).toEqual(places[1]?.map(({ listen }) => listen))
    const links = places.flat().map(({ launcher }) => launcher.at(-1)?.replace('--net=', '') as string)
    const used = links.map((link) => readlinkSync(link))
    expect(new Set(used).size).toBe(4)
    for (const run of runs) {
      const ended = once(run, 'exit')
      run.kill('SIGKILL')
      await ended
    }
    await waitUntil(() => used.every((one) => !namespaces().has(one)), { what: 'the namespaces to be gone' })
  },
)
