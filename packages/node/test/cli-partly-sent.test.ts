import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createLocalSigner, encodePastelId, generateSeed, publicKeyFromSeed } from '@pastel-mesh/identity'
import { createQueue, levelDriver } from '@pastel-mesh/queue'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createServer } from '@pastel-mesh/sdk-server'
import { createStore } from '@pastel-mesh/storage'
import { expect, it, onTestFinished } from 'vitest'
import { FaultyDatabase } from '../../sdk-node/test/fixtures/faulty-database.ts'
import { dataFolder } from '../src/data-folder.ts'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** A node behind the socket of a data folder, whose disk can be broken. */
async function openNode() {
  const dataDir = await temporaryFolder()
  const path = dataFolder(dataDir).socket
  await mkdir(dirname(path), { recursive: true })
  const database = await FaultyDatabase.create()
  const store = createStore({ directory: database.directory }, { database })
  const node = await createNode(
    { network: 'testnet' },
    {
      store,
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      registry: createOpenRegistry(),
    },
  )
  const queue = createQueue({ driver: levelDriver({}, { store }) })
  const server = createServer(
    { http: false, socket: { path }, version: '1.2.3' },
    { node, store, queue, onError: () => {} },
  )
  await store.start()
  await node.start()
  await queue.start()
  await server.start()
  onTestFinished(async () => {
    await server.stop()
    await queue.stop()
    await node.stop()
    await store.stop()
  })
  return { dataDir, database, node }
}

it.each([['text'], ['json']])(
  'send to several that is stored for one only prints for whom, and fails: %s',
  async (form) => {
    const { dataDir, database, node } = await openNode()
    const away = encodePastelId(publicKeyFromSeed(generateSeed()))
    const args = form === 'json' ? ['--json', '--wait', '10s'] : []
    // What waits for a certificate is written at once, what goes to a log when it is signed.
    const inbox = `inbox/${node.pastelId}`
    database.failWrites((operations) => operations.some((one) => 'value' in one && one.value.includes(inbox)))
    const sending = runCli(['send', node.pastelId, away, '--text', 'x', '--data', dataDir, ...args])
    const { code, stdout, stderr } = await sending
    expect(code).toBe(1)
    const [{ id } = { id: '' }] = node.waiting()
    if (form === 'json') {
      expect(JSON.parse(stdout)).toEqual({ id, recipient: away, state: 'waiting-for-certificate' })
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'ERR_PARTLY_SENT' } })
    } else {
      expect(stdout).toBe(`${id}  ${away}\n`)
      expect(stderr).toMatch(
        /^pmesh: only a part was accepted, 1 message to 1 of 2 recipients, and the rest was not: .* \(ERR_PARTLY_SENT\)\n$/,
      )
    }
  },
)
