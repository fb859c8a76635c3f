import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { finished, gather } from './fixtures/cli.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const NODE = fileURLToPath(new URL('./fixtures/job-node.ts', import.meta.url))

/** A folder in which a job of each name waits. */
async function folderWithJobs(names: readonly string[]) {
  const dataDir = await temporaryFolder()
  await makeCheapIdentity(dataDir)
  const controller = await createController({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  await controller.start()
  const ids: string[] = []
  for (const name of names) ids.push((await controller.queue.add(name, null)).id)
  await controller.stop()
  return { dataDir, ids }
}

/** Runs a node until its jobs run, and asks it to stop. */
async function stopWhileRunning(dataDir: string, jobs: number, timeout: string) {
  const child = spawn(process.execPath, ['--conditions=source', NODE, dataDir, timeout])
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = gather(child.stdout)
  const ended = finished(child)
  const gone = new AbortController()
  child.once('exit', () => gone.abort(new Error('it ended')))
  await waitUntil(() => output().split('running ').length - 1 === jobs && output().includes('ready'), {
    what: 'the jobs to run',
    signal: gone.signal,
  })
  child.kill('SIGTERM')
  return ended
}

it('SIGTERM lets jobs end; one that never does is put back, and the process ends in time, as it should', async () => {
  const { dataDir, ids } = await folderWithJobs(['endless', 'short'])
  const { code, signal, stdout } = await stopWhileRunning(dataDir, 2, '2s')
  // 1 if a part did not keep its time.
  expect({ code, signal, stdout }).toMatchObject({ code: 0, signal: null })

  const controller = await createController({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  const { queue } = controller
  await controller.start()
  onTestFinished(() => controller.stop())
  const [endless, short] = await Promise.all(ids.map((id) => queue.get(id)))
  expect(short).toMatchObject({ status: 'done', result: { wasAborted: false } })
  // Put back, not found: it counts neither as a failure nor as a crash.
  expect(endless).toMatchObject({ status: 'waiting', failures: 0, stalls: 0 })
})
