/** The process that {@link examine} makes the checks in: it is given the places of the configuration, and tells the findings. */
import { MeshError } from '@pastel-mesh/identity'
import { ConfigError } from '../config/config-error.ts'
import { type ConfigPlaces, findDataDir, loadConfig } from '../config/load-config.ts'
import type { CheckContext } from './check.ts'
import { CHECKS } from './checks.ts'
import type { ChildMessage } from './examine.ts'
import { askNode } from './node-state.ts'
import { LATE, orLate } from './or-late.ts'
import { runChecks } from './run-checks.ts'
import { runningConfig } from './running-config.ts'

/** A small file or two. */
const READ_MS = 4_000

// Done, or nobody waits for it any more; a thread that hangs would keep any other end from coming.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

process.once('message', (places: ConfigPlaces) => {
  examineAll(places).then(
    () => process.disconnect(),
    (error: Error) => {
      process.stderr.write(`${error.name}: ${error.message}\n`, () => process.disconnect())
    },
  )
})

async function examineAll(places: ConfigPlaces): Promise<void> {
  const told: Promise<void>[] = []
  await runChecks(CHECKS, await contextOf(places), (name, findings) => {
    told.push(
      new Promise((resolve) => {
        process.send?.({ name, findings } satisfies ChildMessage, () => resolve())
      }),
    )
  })
  await Promise.all(told)
}

async function contextOf(places: ConfigPlaces): Promise<CheckContext> {
  const dataDir = findDataDir(places)
  const [loaded, node] = await Promise.all([load(places), askNode(dataDir)])
  const read = loaded instanceof ConfigError ? undefined : loaded.config
  const config =
    node.kind === 'running' && node.keys !== undefined ? (runningConfig(dataDir, node.keys) ?? read) : read
  return { dataDir, loaded, config, node, places }
}

async function load(places: ConfigPlaces): Promise<CheckContext['loaded']> {
  try {
    const loaded = await orLate(READ_MS, new AbortController().signal, () => loadConfig(places))
    if (loaded !== LATE) return loaded
    const reason = `what it is read from hangs: it took longer than ${READ_MS / 1_000} s`
    return new ConfigError([{ reason }])
  } catch (error) {
    if (error instanceof ConfigError) return error
    // Such as a folder that is none.
    if (error instanceof MeshError) return new ConfigError([{ reason: error.message }])
    throw error
  }
}
