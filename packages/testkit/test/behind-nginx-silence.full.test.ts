import { setTimeout as delay } from 'node:timers/promises'
import { createControlClient, dataFolder } from '@pastel-mesh/node'
import { expect, onTestFinished, test } from 'vitest'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import { logIn } from '../../sdk-server/test/fixtures/http-call.ts'
import { callOf, connectWebSocket } from '../../sdk-server/test/fixtures/web-socket.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { followed } from './fixtures/followed.ts'
import { servedBehindNginx, TOPIC } from './fixtures/served-behind-nginx.ts'

/** What is meant to last is watched for that long: nothing else could be waited for. */
const SILENCE_MS = 125_000
/** What nginx.conf says, and some more. */
const WORKERS_END_MS = 60_000

const served = servedBehindNginx()

test.skipIf(missingForNginx !== undefined)(
  'streams and peers last through two minutes of silence, and come again after a reload with another certificate',
  async () => {
    const { nginx, operator, person } = served
    const other = await startNode({
      args: [
        ...['--bootstrap', `/dns4/localhost/tcp/${nginx.port}/tls/ws`, '--topic', TOPIC, '--members', 'open'],
      ],
      env: { NODE_EXTRA_CA_CERTS: nginx.authority.file },
    })
    onTestFinished(() => other.remove())
    const there = createControlClient(dataFolder(other.dataDir).socket)
    onTestFinished(() => there.close())
    const publish = (text: string) =>
      operator.api.service.messages.publish.mutate({ topic: TOPIC, messages: [{ text }] })
    const textsThere = async () => {
      const { messages } = await there.api.service.messages.list.query({ topic: TOPIC, oldestFirst: true })
      return messages.map((message) => ('text' in message ? message.text : ''))
    }
    const connection = async () => (await there.api.admin.peers.list.query())[0]?.connectedAtMs
    await waitUntil(connection, { what: 'the nodes to be connected' })

    const follower = followed(served.client())
    const { accessToken } = await logIn(nginx.url, person)
    const socket = await connectWebSocket(nginx.url, { token: accessToken })
    socket.socket.on('message', (data) => {
      if (String(data) === 'PING') socket.socket.send('PONG')
    })
    let isOpen = true
    void socket.closed.then(() => {
      isOpen = false
    })
    socket.send(callOf(1, 'service.messages.subscribe', { topic: TOPIC }, 'subscription'))
    const everywhere = async (texts: readonly string[]) => {
      await waitUntil(async () => (await textsThere()).length === texts.length, { what: 'the other node' })
      await waitUntil(() => follower.texts.length === texts.length, { what: 'the follower' })
      expect(await textsThere()).toEqual(texts)
      expect(follower.texts).toEqual(texts)
    }
    await publish('before')
    await everywhere(['before'])
    const connectedAtMs = await connection()

    await delay(SILENCE_MS)
    expect(follower.lost()).toBe(0)
    expect(isOpen).toBe(true)
    expect(await connection()).toBe(connectedAtMs)
    await publish('after the silence')
    await everywhere(['before', 'after the silence'])
    await waitUntil(() => JSON.stringify(socket.messages).includes('after the silence'), {
      what: 'the WebSocket',
    })

    const before = await nginx.workers()
    await nginx.issue()
    await nginx.reload()
    await publish('after the reload')
    await everywhere(['before', 'after the silence', 'after the reload'])
    await waitUntil(async () => (await nginx.workers()).every((pid) => !before.includes(pid)), {
      what: 'the workers of before to end',
      timeoutMs: WORKERS_END_MS,
    })
    await waitUntil(() => !isOpen, { what: 'the WebSocket to be cut' })
    await waitUntil(async () => ((await connection()) ?? 0) > (connectedAtMs ?? 0), {
      what: 'the nodes to be connected again',
    })
    expect(follower.lost()).toBeGreaterThan(0)
    await publish('after the cut')
    await everywhere(['before', 'after the silence', 'after the reload', 'after the cut'])
    const streams = (await nginx.requests()).filter(({ seconds }) => seconds > SILENCE_MS / 1_000)
    expect(new Set(streams.map(({ path }) => path))).toEqual(
      new Set(['/', '/trpc', '/trpc/service.messages.subscribe']),
    )
  },
  300_000,
)
