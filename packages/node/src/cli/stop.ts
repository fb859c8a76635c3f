import { setTimeout as delay } from 'node:timers/promises'
import { MeshError } from '@pastel-mesh/identity'
import { json, print } from './output.ts'
import { counted, describeTook } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

/** How often it is looked whether the process is there. */
const LOOK_MS = 50
/** Beyond the time that a stop may take: the parts get some each, and the process ends after them. */
const MARGIN_MS = 15_000

/** Takes no more, and says how many jobs run. */
export async function drain(dataDir: string, asJson: boolean): Promise<void> {
  const answer = await withClient(dataDir, (api) => api.admin.drain.mutate())
  if (asJson) return print(json(answer, 2))
  print(`draining  no more messages and jobs are taken${describeRunning(answer, 'they may end:')}`)
}

/** Stops the node and waits for the end of its process. @throws MeshError ERR_STOP_TIMEOUT */
export async function stop(dataDir: string, asJson: boolean): Promise<void> {
  const answer = await withClient(dataDir, (api) => api.admin.shutdown.mutate())
  const { pid, timeoutMs } = answer
  const beginMs = performance.now()
  while (isThere(pid)) {
    if (performance.now() - beginMs > timeoutMs + MARGIN_MS) {
      throw new MeshError(
        'ERR_STOP_TIMEOUT',
        `process ${pid} still runs after ${describeTook(timeoutMs + MARGIN_MS)}${describeRunning(answer, 'when it was asked to stop')}: see its log`,
      )
    }
    await delay(LOOK_MS)
  }
  const tookMs = Math.round(performance.now() - beginMs)
  if (asJson) return print(json({ ...answer, tookMs }, 2))
  print(
    `stopped  process ${pid}, after ${describeTook(tookMs)}${describeRunning(answer, 'when it was asked to')}`,
  )
}

function describeRunning({ running = 0 }: { readonly running?: number }, when: string): string {
  return running === 0 ? '' : `; ${when} ${counted(running, 'job')} ran`
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
