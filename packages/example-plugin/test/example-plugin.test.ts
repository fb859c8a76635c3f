import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { RouterOf } from '@pastel-mesh/node'
import { createClient, serviceKeyAuth } from '@pastel-mesh/sdk-client'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import { socketClient } from '../../node/test/fixtures/socket-client.ts'
import { temporaryFolder } from '../../node/test/fixtures/temporary-folder.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type greeter from '../src/greeter/plugin.ts'
import type hello from '../src/index.ts'

const PACKAGE = resolve(import.meta.dirname, '..')
const run = promisify(execFile)

test('both plugins, one named by its package and one by its path, do all that they say', async () => {
  const dataDir = await temporaryFolder()
  await makeCheapIdentity(dataDir)
  await mkdir(join(dataDir, 'node_modules/@pastel-mesh'), { recursive: true })
  await symlink(PACKAGE, join(dataDir, 'node_modules/@pastel-mesh/example-plugin'))
  const [port, metricsPort] = [await freePort(), await freePort()]
  const path = join(PACKAGE, 'src/greeter/plugin.ts')
  await writeFile(
    join(dataDir, 'pmesh.yaml'),
    `plugins: ['@pastel-mesh/example-plugin', ${path}]
ext: { greeter: { greeting: good day } }
api: { listen: '127.0.0.1:${port}' }
metrics: { listen: '127.0.0.1:${metricsPort}' }
`,
  )
  const node = await startNode({ dataDir, isServed: true })
  onTestFinished(() => node.remove())
  for (const line of [
    'plugin        hello (@pastel-mesh/example-plugin)',
    `plugin        greeter (${path})`,
    'procedure     ext.hello.who',
    'procedure     ext.greeter.welcome',
    'messages of   welcomes, inbox',
    'background    hello.tick every 5s',
  ]) {
    expect(node.output().split('\n')).toContain(line)
  }

  const operator = socketClient(dataDir)
  const key = async (...scopes: ('read' | 'send')[]) =>
    (await operator.api.admin.keys.create.mutate({ name: 'caller', scopes })).secret
  const secret = await key('read', 'send')
  const url = `http://127.0.0.1:${port}`
  const { api } = createClient<RouterOf<typeof hello | typeof greeter>>({
    url,
    auth: serviceKeyAuth(secret),
  })
  const { pastelId } = await api.service.info.query()
  expect(await api.ext.hello.who.query()).toBe(`hello from ${pastelId}`)
  const answer = await api.ext.greeter.hello.query({ who: 'you' })
  expectTypeOf(answer).toEqualTypeOf<{ text: string; from: typeof pastelId }>()
  expect(answer).toEqual({ text: 'good day, you', from: pastelId })
  await expect(api.ext.greeter.hello.query({ who: '' })).rejects.toMatchObject({ code: 'ERR_BAD_REQUEST' })

  const env = { ...process.env, PMESH_KEY: secret, NODE_URL: url }
  const called = await run(process.execPath, ['--conditions=source', join(PACKAGE, 'src/greeter/call.ts')], {
    env,
  })
  expect(called.stdout).toContain("text: 'good day, you'")
  expect(called.stdout).toMatch(/job: 'greeter\.welcome:\w+',\s+message: '\S+-0'/)
  await waitUntil(() => node.output().includes(`${pastelId} says: good day, everybody`), {
    what: 'the message to be taken',
  })
  const reader = createClient<RouterOf<typeof greeter>>({ url, auth: serviceKeyAuth(await key('read')) })
  await expect(reader.api.ext.greeter.welcome.mutate({ who: 'x' })).rejects.toMatchObject({
    code: 'ERR_FORBIDDEN',
  })

  // To itself, as any member may: it is answered, and the answer is not.
  await operator.api.service.messages.send.mutate({ to: [pastelId], messages: [{ text: 'are you there?' }] })
  await waitUntil(async () => (await operator.api.admin.status.query()).direct.received >= 2, {
    what: 'the answer',
  })
  const inbox = await operator.api.service.messages.list.query({ inbox: true, oldestFirst: true })
  expect(inbox.messages.map((entry) => 'text' in entry && entry.text)).toEqual(['are you there?', 'good day'])
  await waitUntil(
    async () => {
      const { plugins } = await operator.api.admin.status.query()
      return plugins.every(({ background }) => background.every(({ runs }) => runs >= 1))
    },
    { what: 'both background tasks to run' },
  )
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  expect(page).toContain('pmesh_ext_greeter_greetings_total 2')
  const { names } = await operator.api.admin.jobs.stats.query()
  expect(names.find(({ name }) => name === 'greeter.inbox')?.counts).toMatchObject({ done: 2 })
}, 60_000)

test('the first has an endpoint and a background task in ten lines', async () => {
  const text = await readFile(join(PACKAGE, 'src/index.ts'), 'utf8')
  expect(text.trimEnd().split('\n')).toHaveLength(10)
})
