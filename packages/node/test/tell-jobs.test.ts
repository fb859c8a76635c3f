import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { tellJobs } from '../src/cli/tell-jobs.ts'
import { createController } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('a job that failed for good is logged, those of the same name after it are not at once', async () => {
  const dataDir = await temporaryFolder()
  const controller = await createController({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] })
  const { queue } = controller
  const lines: object[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  tellJobs(queue, logger, dataDir)
  for (const name of ['pay', 'mail']) {
    queue.registerHandler(name, () => Promise.reject(new Error(`no ${name}\nat all`)), {
      retry: { attempts: 1 },
    })
  }
  await controller.start()
  onTestFinished(() => controller.stop())
  const ids: string[] = []
  for (const name of ['pay', 'pay', 'mail']) {
    const { id } = await queue.add(name, null)
    await expect(queue.waitFor(id)).rejects.toMatchObject({ code: 'ERR_JOB_FAILED' })
    ids.push(id)
  }
  const [first, , third] = ids
  expect(lines).toMatchObject([
    {
      event: 'job failed',
      job: first,
      name: 'pay',
      reason: 'no pay\nat all',
      msg: `${first}: no pay; "pmesh jobs list failed --data ${dataDir}" shows all that failed`,
    },
    { event: 'job failed', job: third, name: 'mail' },
  ])
})
