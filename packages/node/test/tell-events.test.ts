import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { tellEvents } from '../src/cli/tell-events.ts'
import { createController } from '../src/index.ts'
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
  const lines: string[] = []
  tellEvents(controller.node, (line) => lines.push(line))
  await controller.start()
  await waitUntil(() => lines.some((line) => line.startsWith('pruned')), { what: 'the line' })
  const [line] = lines.filter((line) => line.startsWith('pruned'))
  expect(line).toMatch(/^pruned {8}\d entries, \d\.\d KiB$/)
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
