import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { example, ROOT } from '../../queue/test/fixtures/example.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const GUIDE = 'docs/guides/message-to-job-to-reply.md'
const run = promisify(execFile)

it('the guide: an order becomes a job becomes a reply, before and after the shop was killed', async () => {
  const cwd = await temporaryFolder()
  await symlink(join(ROOT, 'node_modules'), join(cwd, 'node_modules'))
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  const port = String(await freePort())
  for (const name of ['orders', 'shop', 'customer']) {
    // Another shop may be open on this machine.
    await writeFile(join(cwd, `${name}.ts`), (await example(GUIDE, name)).replace('7201', port))
  }
  const openShop = async () => {
    const shop = spawn(process.execPath, ['--conditions=source', 'shop.ts'], {
      cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void shop.kill('SIGKILL'))
    await once(createInterface(shop.stdout), 'line')
    return shop
  }
  const order = async () =>
    (await run(process.execPath, ['--conditions=source', 'customer.ts'], { cwd })).stdout

  const killed = await openShop()
  const first = await order()
  expect(first).toMatch(/^3 × pen in parcel \d+\n$/)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const shop = await openShop()
  const second = await order()
  expect(second).toMatch(/^3 × pen in parcel \d+\n$/)
  expect(second).not.toBe(first)
  shop.kill('SIGTERM')
  expect(await once(shop, 'exit')).toEqual([0, null])
}, 120_000)
