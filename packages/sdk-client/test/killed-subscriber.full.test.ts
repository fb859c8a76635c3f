import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, onTestFinished, test } from 'vitest'
import { type RunningNode, startNode, stopNode } from '../../node/test/fixtures/running-node.ts'
import { temporaryFolder } from '../../node/test/fixtures/temporary-folder.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createClient, pastelIdAuth } from '../src/index.ts'

const KILLS = 50
const MESSAGES = 20_000
/** Every so many kills the node is stopped, or killed as well, and started again. */
const RESTART_EVERY = 8

const SUBSCRIBER = fileURLToPath(new URL('fixtures/subscriber-main.ts', import.meta.url))

test('a subscriber that is killed and resumed ends with each message exactly once', async () => {
  const seed = generateSeed()
  const operator = createLocalSigner(seed)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = ['--api-listen', `127.0.0.1:${port}`, '--operator', operator.pastelId, '--topic', 'flow']
  let node: RunningNode = await startNode({ args })
  onTestFinished(() => node.remove())
  const { dataDir } = node
  const path = join(await temporaryFolder(), 'taken')
  const { api } = createClient({ url, auth: pastelIdAuth(operator) })

  const subscribe = () =>
    spawn(
      process.execPath,
      ['--conditions=source', SUBSCRIBER, url, Buffer.from(seed).toString('hex'), path],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
  let subscriber: ChildProcess | undefined
  onTestFinished(() => void subscriber?.kill('SIGKILL'))
  const taken = async () => (await readFile(path, 'utf8').catch(() => '')).split('\n').length - 1
  const share = MESSAGES / KILLS
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await taken()
    subscriber = subscribe()
    const exit = once(subscriber, 'exit')
    const messages = Array.from({ length: share }, (_, at) => ({ text: String(kill * share + at) }))
    for (let first = 0; first < share; first += 50) {
      await api.service.messages.publish.mutate({
        topic: 'flow',
        messages: messages.slice(first, first + 50),
      })
    }
    // Somewhere in the middle of what it reads, or is to read.
    await waitUntil(async () => (await taken()) > before, { what: 'it to take something', everyMs: 5 })
    if (kill % RESTART_EVERY === RESTART_EVERY - 1) {
      await stopNode(node, kill % (2 * RESTART_EVERY) < RESTART_EVERY ? 'SIGTERM' : 'SIGKILL')
      node = await startNode({ args, dataDir })
      const between = await taken()
      await api.service.messages.publish.mutate({ topic: 'flow', messages: [{ text: `again-${kill}` }] })
      await waitUntil(async () => (await taken()) > between, { what: 'it to go on' })
    }
    subscriber.kill('SIGKILL')
    await exit
  }

  subscriber = subscribe()
  const restarts = Math.floor(KILLS / RESTART_EVERY)
  await waitUntil(async () => (await taken()) >= MESSAGES + restarts, { what: 'all messages' })
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  const numbers = lines.filter((line) => !line.startsWith('again')).map((line) => Number(line.split(' ')[0]))
  expect(numbers).toEqual(Array.from({ length: MESSAGES }, (_, index) => index))
  expect(lines).toHaveLength(MESSAGES + restarts)
}, 600_000)
