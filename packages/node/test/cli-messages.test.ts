import { beforeAll, describe, expect, it } from 'vitest'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()
let pastelId = ''

beforeAll(async () => {
  const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
  const publish = api.service.messages.publish
  await publish.mutate({
    topic: 'prices',
    messages: [{ text: 'first' }, { json: { usd: 1 }, type: 'price' }],
  })
  await publish.mutate({ topic: 'other', messages: [{ base64: 'AAEC' }] })
  await publish.mutate({ topic: 'many', messages: Array.from({ length: 600 }, (_, i) => ({ text: `${i}` })) })
  await publish.mutate({
    topic: 'many',
    messages: Array.from({ length: 600 }, (_, i) => ({ text: `${600 + i}` })),
  })
  pastelId = (await api.admin.status.query()).pastelId
  await close()
})

async function messages(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCli(['messages', '--data', node.dataDir, ...args])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.endsWith('\n')).toBe(true)
  return stdout.slice(0, -1).split('\n')
}

describe('pmesh messages', () => {
  it('shows time, topic, sender, type and body, the newest last', async () => {
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    const [first, second] = await messages('--topic', 'prices')
    expect(first).toMatch(new RegExp(`^${time}  prices  ${pastelId}  message  first$`))
    expect(second).toMatch(new RegExp(`^${time}  prices  ${pastelId}  price    \\{"usd":1\\}$`))
    expect(await messages('--topic', 'other')).toEqual([expect.stringMatching(/message {2}3 bytes$/)])
  })

  it('shows 20 unless told otherwise, of all topics', async () => {
    const lines = await messages()
    expect(lines).toHaveLength(20)
    expect(lines.at(-1)).toMatch(/ {2}1199$/)
  })

  it('shows as many of the newest as it is told to, also more than the node gives at once', async () => {
    const lines = await messages('--topic', 'many', '--limit', '1150')
    expect(lines.map((line) => line.split('  ').at(-1))).toEqual(
      Array.from({ length: 1150 }, (_, i) => `${i + 50}`),
    )
    expect(await messages('--limit', '5000')).toHaveLength(1203)
  })

  it('shows those of one sender', async () => {
    for (const option of ['--from', '--sender']) {
      expect(await messages(option, pastelId, '--topic', 'prices')).toHaveLength(2)
    }
    const other = `${pastelId.slice(0, -1)}${pastelId.endsWith('a') ? 'b' : 'a'}`
    const { code, stderr } = await runCli(['messages', '--from', other, '--data', node.dataDir])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'pmesh: the input is wrong: --from: not a PastelID (ERR_REQUEST)\n',
    })
  })

  it('shows those of one type', async () => {
    expect(await messages('--type', 'price')).toEqual([expect.stringMatching(/ {2}price {2}\{"usd":1\}$/)])
  })

  it('shows those that the node took in since, or before, a time', async () => {
    expect(await messages('--topic', 'prices', '--since', '1h')).toHaveLength(2)
    expect(await messages('--topic', 'prices', '--until', '2100-01-01')).toHaveLength(2)
    for (const times of [
      ['--until', '1h'],
      ['--since', '2100-01-01T00:00:00Z'],
    ]) {
      const { stderr } = await runCli(['messages', ...times, '--data', node.dataDir])
      expect(stderr).toBe('pmesh: no messages are stored that match\n')
    }
  })

  it('prints one JSON document a line with --json', async () => {
    const lines = await messages('--topic', 'prices', '--json')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { topic: 'prices', sender: pastelId, position: 0, text: 'first', cursor: expect.any(String) },
      { topic: 'prices', sender: pastelId, position: 1, json: { usd: 1 }, type: 'price' },
    ])
  })

  it('says that there is none, on the standard error', async () => {
    const { code, stdout, stderr } = await runCli(['messages', '--topic', 'none', '--data', node.dataDir])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'pmesh: no messages are stored that match\n',
    })
    const json = await runCli(['messages', '--topic', 'none', '--json', '--data', node.dataDir])
    expect(json).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })
})
