import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'
import { socketClient } from './fixtures/socket-client.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const sourceOf = (name: string) => fileURLToPath(new URL(`../../${name}/src/index.ts`, import.meta.url))

/** Throws in every place where nobody waits for it. */
const UNRULY = `
import { definePlugin } from '${sourceOf('node')}'
import { operatorProcedure, router } from '${sourceOf('sdk-server')}'
import { connect } from 'node:net'

const fail = (text: string) => { throw new Error(text) }
export default definePlugin({
  name: 'unruly',
  router: router({
    answer: operatorProcedure.query(() => fail('in a call')),
    timer: operatorProcedure.mutation(() => void setTimeout(() => fail('in a timer'), 1)),
    promise: operatorProcedure.mutation(() => void Promise.reject(new Error('in a promise'))),
    // What the node itself refuses, and nobody waits for.
    publish: operatorProcedure.mutation(({ ctx }) => void ctx.node.publish('not a topic', { text: 'x' })),
    // What a subscription does when it is read.
    follow: operatorProcedure.subscription(async function* () {
      void Promise.reject(new Error('in a subscription'))
      yield 1
    }),
    socket: operatorProcedure.mutation(() => void connect({ path: '/not/there' })),
    listen: operatorProcedure.mutation(({ ctx }) => {
      ctx.node.addEventListener('message', () => fail('in a listener'), { once: true })
    }),
  }),
  jobs: { bad: () => fail('in a job') },
  background: { tick: { every: '1h', run: () => fail('in a task') }, soon: { every: 100, run: () => fail('soon') } },
})
`

type UnrulyCalls = Record<string, { query(): Promise<unknown>; mutate(): Promise<unknown> }>

interface Followable {
  subscribe(
    input: undefined,
    hears: { onData: (value: unknown) => void; onError: (error: unknown) => void },
  ): { unsubscribe(): void }
}

test('what a plugin throws later is its own trouble: it is counted, told and shown, and the node goes on', async () => {
  const folder = await temporaryFolder()
  // By a link, as configuration is mounted into containers.
  const real = await temporaryFolder()
  await writeFile(join(real, 'plugin.ts'), UNRULY)
  await symlink(join(real, 'plugin.ts'), join(folder, 'unruly.ts'))
  const node = await startNode({ args: ['--plugin', './unruly.ts', '--topic', 'test'], cwd: folder })
  onTestFinished(() => node.remove())
  const { api } = socketClient(node.dataDir)
  const unruly = (api as unknown as { ext: { unruly: UnrulyCalls } }).ext.unruly
  const told = () =>
    api.admin.status.query().then(({ plugins }) => plugins[0] ?? expect.unreachable('it has no plugin'))

  await expect(unruly.answer?.query()).rejects.toMatchObject({ code: 'ERR_INTERNAL_SERVER_ERROR' })
  for (const [name, text] of [
    ['timer', 'outside of any call: in a timer'],
    ['promise', 'a promise that nobody waits for: in a promise'],
    ['publish', 'a promise that nobody waits for: "not a topic" is not a topic name'],
    ['socket', 'outside of any call: connect ENOENT /not/there'],
  ] as const) {
    await unruly[name]?.mutate()
    await waitUntil(() => node.output().includes(text), { what: `the log to tell of "${text}"` })
  }
  const followed = Promise.withResolvers<unknown>()
  const { unsubscribe } = (unruly.follow as unknown as Followable).subscribe(undefined, {
    onData: followed.resolve,
    onError: followed.reject,
  })
  expect(await followed.promise).toBe(1)
  unsubscribe()
  await waitUntil(() => node.output().includes('in a subscription'), { what: 'the log to tell of that' })
  await unruly.listen?.mutate()
  await api.service.messages.publish.mutate({ topic: 'test', messages: [{ text: 'hello' }] })
  await waitUntil(() => node.output().includes('outside of any call: in a listener'), {
    what: 'the log to tell of the listener',
  })
  await waitUntil(async () => (await told()).background.some(({ failures }) => failures >= 3), {
    what: 'the background task to fail again',
  })
  const { background, failures } = await told()
  expect(failures).toBeGreaterThanOrEqual(8)
  expect(background).toMatchObject([
    { name: 'tick', runs: 0, failures: 0 },
    { name: 'soon', lastFailure: { message: 'soon' } },
  ])
  // Of what it says again and again the log has it once.
  expect(node.output().match(/background task soon: soon/g)).toHaveLength(1)
  const { stdout } = await runCli(['status', '--data', node.dataDir])
  expect(stdout).toMatch(/unruly\.soon\s+every 100ms, \d+ runs?, .* failures?, the last .*: soon/)
  expect((await stopNode(node)).code).toBe(0)
})

test('an error of the node itself ends it, also when a plugin has called', async () => {
  const folder = await temporaryFolder()
  await writeFile(
    join(folder, 'caller.ts'),
    `import { definePlugin } from '${sourceOf('node')}'
    // Stands for a fault of the node: thrown by a file that is not the plugin's.
    const thrown = () => { const error = new Error('a fault'); error.stack = 'Error: a fault\\n    at commit (${sourceOf('storage')}:1:1)'; throw error }
    export default definePlugin({ name: 'caller', background: { tick: { every: 300, run: () => void setImmediate(thrown) } } })`,
  )
  const node = await startNode({ args: ['--plugin', './caller.ts'], cwd: folder })
  onTestFinished(() => node.remove())
  const { code } = await node.ended
  expect(code).toBe(1)
  expect(node.output()).toContain('a fault: the node ends')
})
