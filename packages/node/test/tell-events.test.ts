import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { tellEvents } from '../src/cli/tell-events.ts'
import { createController } from './fixtures/create-controller.ts'
import { makeGappedFolder } from './fixtures/gapped-folder.ts'
import { removeFolder } from './fixtures/temporary-folder.ts'

it('retention tells how much it removed, and the store from where on it has everything', async () => {
  const dataDir = await makeGappedFolder()
  onTestFinished(() => removeFolder(dataDir))
  const controller = await createController({
    dataDir,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    retention: { maxSize: 0, interval: 20 },
  })
  onTestFinished(() => controller.stop())
  const lines: { event: string; msg: string }[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  tellEvents(controller.node, logger, dataDir)
  await controller.start()
  await waitUntil(() => lines.some(({ event }) => event === 'pruned'), { what: 'the line' })
  expect(lines.find(({ event }) => event === 'pruned')?.msg).toMatch(/^\d entries, \d\.\d KiB$/)
  expect(controller.store.floor).toBeGreaterThan(0)
})

it.each([{ maxAge: 0 }, { maxSize: -1 }, { interval: 2 ** 31 }, { maxAge: '1' }])(
  'a retention of %j is refused',
  async (retention) => {
    await expect(createController({ dataDir: '/nowhere', retention })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(`retention.${Object.keys(retention)[0]}`),
    })
  },
)
