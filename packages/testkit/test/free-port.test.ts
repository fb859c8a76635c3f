import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from '../src/mesh/free-port.ts'

it('a free port can be listened on, and is none that the system hands out', async () => {
  for (let i = 0; i < 20; i += 1) {
    const port = await freePort()
    expect(port).toBeGreaterThanOrEqual(10_000)
    expect(port).toBeLessThan(32_768)
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    await new Promise((resolve) => server.close(resolve))
  }
})
