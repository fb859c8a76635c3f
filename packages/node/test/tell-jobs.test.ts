import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { tellJobs } from '../src/cli/tell-jobs.ts'
import { createController } from './fixtures/create-controller.ts'
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

it('a job that was running when the process died is logged, others of the same name are not', async () => {
  const dataDir = await temporaryFolder()
  const config = { dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] }
  const first = await createController(config)
  await first.start()
  const added = await first.queue.addMany(['pay', 'pay', 'mail'].map((name) => ({ name, data: null })))
  const ids = added.map(({ id }) => id)
  // What is on disk while they run, and stays there when the process dies: see keys.ts of the queue.
  const key = Buffer.concat([Buffer.from('QL'), Buffer.alloc(8)])
  const value = Buffer.from(ids.join(' '))
  await first.store.writer.commit((operations) => operations.push({ type: 'put', key, value }))
  await first.stop()

  const controller = await createController(config)
  const lines: { job: string; name: string }[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  tellJobs(controller.queue, logger, dataDir)
  await controller.start()
  onTestFinished(() => controller.stop())
  const [told, other] = lines.sort((a, b) => (a.name > b.name ? -1 : 1))
  expect(told).toMatchObject({
    event: 'job stalled',
    name: 'pay',
    msg: `${told?.job}: it was running when the process ended, and runs again`,
  })
  expect(ids.slice(0, 2)).toContain(told?.job)
  expect(other).toMatchObject({ event: 'job stalled', job: ids[2], name: 'mail' })
  expect(lines).toHaveLength(2)
})
