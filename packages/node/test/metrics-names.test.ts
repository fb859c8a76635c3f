import { once } from 'node:events'
import { request } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('metrics are for who asks for a name in api.hosts, also where the API is not served', async () => {
  const controller = await createController({
    dataDir: await temporaryFolder(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    api: { listen: 'off', hosts: ['node.example'] },
    metrics: { listen: '127.0.0.1:0' },
  })
  onTestFinished(() => controller.stop())
  await controller.start()
  expect(controller.apiUrl).toBeUndefined()
  const statusFor = async (host: string) => {
    const call = request(`${controller.metricsUrl}/metrics`, { headers: { host }, agent: false })
    call.end()
    const [response] = await once(call, 'response')
    response.resume()
    return response.statusCode
  }
  expect([await statusFor('node.example'), await statusFor('evil.example')]).toEqual([200, 421])
})
