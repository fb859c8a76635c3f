import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { startNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const admin = createLocalSigner(generateSeed())

interface Line {
  readonly level: string
  readonly event: string
  readonly path?: string
  readonly procedures?: string[]
  readonly status?: number
}

it('the log has a line for each request, at a level by its status, and nothing that is secret', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const log = join(await temporaryFolder(), 'node.log')
  const node = await startNode({
    args: [
      '--api-listen',
      `127.0.0.1:${port}`,
      '--admin',
      admin.pastelId,
      '--log-level',
      'debug',
      '--log-file',
      log,
    ],
  })
  onTestFinished(() => node.remove())
  const client = createControlClient(dataFolder(node.dataDir).socket)
  onTestFinished(() => client.close())
  const { secret: key } = await client.api.admin.keys.create.mutate({ name: 'a', scopes: ['send'] })
  const post = (path: string, json: object, token?: string) =>
    fetch(`${url}/trpc/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        cookie: 'session=cookie-not-to-be-seen',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ json }),
    })
  const login = async (path: string, json: object) => {
    const answer = (await (await post(path, json)).json()) as {
      result: { data: { json: Record<string, string> } }
    }
    return answer.result.data.json
  }
  const { text = '', nonce = '' } = await login('auth.challenge', {
    kind: 'pastelid',
    subject: admin.pastelId,
    uri: url,
  })
  const signature = Buffer.from(await admin.sign(text)).toString('base64url')
  const { accessToken = '', refreshToken = '' } = await login('auth.verify', { nonce, signature })
  await post(
    'service.messages.publish',
    { topic: 'prices', messages: [{ text: 'body-not-to-be-seen' }] },
    key,
  )
  await post(
    'service.messages.publish',
    { topic: 'prices', messages: [{ text: 'body-not-to-be-seen' }] },
    accessToken,
  )
  await fetch(`${url}/trpc/service.ping?input=query-not-to-be-seen`)
  await fetch(`${url}/${key}`)
  await fetch(`${url}/a%0aTo%1b[2Jb`)
  const strangers = 3
  for (let count = 0; count < strangers; count += 1) await (await fetch(`${url}/none/${count}`)).arrayBuffer()

  const lines = async () =>
    (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .filter(({ event }) => event === 'request')
  const last = `/none/${strangers - 1}`
  await waitUntil(async () => (await lines()).some(({ path }) => path === last), {
    what: 'the last request in the log',
  })
  const all = await lines()
  expect(all.filter(({ procedures }) => procedures?.[0] === 'service.messages.publish')).toMatchObject([
    { level: 'debug', status: 200, kind: 'key', subject: key.split('_')[1] },
    { level: 'debug', status: 200, kind: 'pastelid', subject: admin.pastelId },
  ])
  const refused = all.filter(({ path }) => path?.startsWith('/none/') === true)
  expect(refused).toHaveLength(strangers)
  expect(refused[0]).toMatchObject({ level: 'info', status: 404, address: '127.0.0.1' })

  const written = `${await readFile(log, 'utf8')}${node.output()}`
  for (const secret of [
    key,
    accessToken,
    refreshToken,
    signature,
    nonce,
    'not-to-be-seen',
    PASSPHRASE_PREFIX,
    'Bearer',
  ]) {
    expect(written).not.toContain(secret)
  }
  // A line each, whatever a path holds.
  expect(
    node
      .output()
      .split('\n')
      .filter((line) => line.includes('a%0aTo%1b[2Jb')),
  ).toHaveLength(1)
})
