import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { type CliOptions, finished, gather, runCli, spawnCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** The topic that the node has joined. */
const JOINED = 'prices'
const node = sharedNode({ args: ['--topic', JOINED] })
let topics = 0

function newTopic(): string {
  topics += 1
  return `topic-${topics}`
}

function publish(args: readonly string[], options?: CliOptions) {
  return runCli(['publish', ...args, '--data', node.dataDir], options)
}

/** Texts of a topic, in order, with the ids under which the node stores them. */
async function stored(topic: string): Promise<{ id: string; text?: string; type: string }[]> {
  const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
  const messages: { id: string; text?: string; type: string }[] = []
  for (let from: string | undefined; ; ) {
    const page = await api.service.messages.list.query({
      topic,
      oldestFirst: true,
      limit: 1_000,
      ...(from === undefined ? {} : { from }),
    })
    messages.push(...page.messages)
    from = page.next
    if (from === undefined) break
  }
  await close()
  return messages
}

describe('pmesh publish', () => {
  it('says nothing more where the node has joined the topic', async () => {
    expect(await publish([JOINED, 'hello'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('prints the id of the message', async () => {
    const topic = newTopic()
    const { code, stdout, stderr } = await publish([topic, 'hello', '--type', 'greeting'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`has not joined ${topic}`) })
    expect(await stored(topic)).toMatchObject([{ id: stdout.trim(), text: 'hello', type: 'greeting' }])
  })

  it('prints JSON with --json', async () => {
    const topic = newTopic()
    const { stdout } = await publish([topic, 'hello', '--json'])
    expect(stdout.endsWith('\n')).toBe(true)
    const [message] = await stored(topic)
    expect(JSON.parse(stdout)).toEqual({ id: message?.id })
  })

  it('publishes its input as one message: text if it is, else bytes; or a file', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'picture')
    const bytes = Buffer.of(0xff, 0x00, 0x0a, 0x80)
    await writeFile(file, bytes)
    const topic = newTopic()
    for (const [args, input] of [
      [[], 'two\nlines\n'],
      [['-'], bytes],
      [['--file', file], ''],
      [['--file', file, '--content-type', 'bytes'], ''],
      [[''], ''],
    ] as const) {
      expect((await publish([topic, ...args], { input })).code).toBe(0)
    }
    const base64 = bytes.toString('base64')
    expect(await stored(topic)).toMatchObject([
      { text: 'two\nlines\n' },
      { base64 },
      { base64 },
      { base64 },
      { text: '' },
    ])
  })

  it('takes what the message is, answers, carries and when it expires', async () => {
    const topic = newTopic()
    const { stdout } = await publish([topic, '{"usd": 1}', '--json-body'])
    const id = stdout.trim()
    await publish([
      ...[topic, 'answer', '--reply-to', id, '--header', 'a=b=c', '-H', 'd=', '--expires', '10m'],
      ...['--content-type', 'bytes'],
    ])
    const [first, second] = await stored(topic)
    expect(first).toMatchObject({ json: { usd: 1 }, headers: {} })
    expect(second).toMatchObject({ base64: 'YW5zd2Vy', replyTo: id, headers: { a: 'b=c', d: '' } })
    await publish([topic, 'gone', '--expires', '2100-01-01'])
    const { stderr } = await publish([topic, 'gone', '--expires', '2020-01-01'])
    expect(stderr).toContain('it has expired already')
  })

  it.each([
    [['--json-body', '{'], '', 'the text is not JSON'],
    [
      ['--content-type', 'text'],
      Buffer.of(0xff),
      'the input is not UTF-8: publish it with --content-type bytes',
    ],
    [[], '', 'the input is empty: to publish a message without text, give "" as the text'],
    [[], 'x'.repeat(262_145), 'the input is longer than the 262144 bytes of a message'],
    [['--file', '/nowhere'], '', 'the file /nowhere cannot be read: there is no such file: check its name'],
    [['--reply-to', 'x', 'y'], '', 'the message cannot be sent: --reply-to is not a message id'],
  ])('%j says what is wrong, and publishes nothing', async (args, input, message) => {
    const { code, stdout, stderr } = await publish([JOINED, ...args], { input })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^pmesh: [^\n]+\n$/)
  })

  it('with --lines publishes each line of its input, in order, and prints their ids', async () => {
    const topic = newTopic()
    const lines = Array.from({ length: 1_700 }, (_, i) => (i % 10 === 0 ? '' : `line ${i}`))
    const { code, stdout, stderr } = await publish([topic, '--lines'], { input: `${lines.join('\n')}\n` })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^pmesh: published 1,700 messages in \d+\.\d s, [\d,]+ a second$/m)
    const messages = await stored(topic)
    expect(messages.map(({ text }) => text)).toEqual(lines)
    expect(stdout).toBe(`${messages.map(({ id }) => id).join('\n')}\n`)
  })

  it('regression: publishes a line when it comes, not when many have come', async () => {
    const topic = newTopic()
    const child = spawnCli(['publish', topic, '--lines', '--data', node.dataDir])
    const ended = finished(child)
    const ids = gather(child.stdout)
    for (const count of [1, 2]) {
      child.stdin?.write(`line ${count}\n`)
      await waitUntil(() => ids().split('\n').length === count + 1, { what: `${count} ids` })
    }
    child.stdin?.end()
    expect((await ended).code).toBe(0)
    expect((await stored(topic)).map(({ text }) => text)).toEqual(['line 1', 'line 2'])
  })

  it('regression: lines that are too much for one request go in several', async () => {
    const topic = newTopic()
    // 12 MB; the second kind takes six times as much in JSON.
    const lines = [
      ...Array.from({ length: 100 }, () => 'x'.repeat(100_000)),
      ...Array(8).fill('\u0001'.repeat(250_000)),
    ]
    const { code, stdout, stderr } = await publish([topic, '--lines'], { input: lines.join('\n') })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`has not joined ${topic}`) })
    expect(stdout.split('\n')).toHaveLength(lines.length + 1)
  })

  it('with --lines of an empty input says that there was nothing', async () => {
    const { code, stdout, stderr } = await publish([newTopic(), '--lines'], { input: '' })
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'pmesh: there was nothing to publish\n',
    })
  })

  it('refuses a name that is no topic', async () => {
    const { code, stdout, stderr } = await publish(['!!', 'hello'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^pmesh: "!!" is not a topic name: .* \(ERR_TOPIC_NAME\)\n$/)
  })

  it('with --lines refuses one that is too large', async () => {
    const topic = newTopic()
    const { code, stdout, stderr } = await publish([topic, '--lines'], {
      input: `short\n${'x'.repeat(262_145)}\nlast\n`,
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^pmesh: published 1 message in .*\npmesh: line 2 of the input is longer than 262144 bytes \(ERR_LINE\)\n$/,
    )
    // What came before it is stored, and printed.
    expect(await stored(topic)).toMatchObject([{ id: stdout.trim(), text: 'short' }])
  })

  it('with --lines refuses bytes that are not text', async () => {
    const { code, stderr } = await publish([newTopic(), '--lines'], {
      input: Buffer.from('caf\xe9\n', 'latin1'),
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'pmesh: line 1 of the input is not UTF-8 text (ERR_LINE)\n',
    })
  })

  it('refuses a type that cannot be shown', async () => {
    const { code, stderr } = await publish([newTopic(), 'hello', '--type', 'a\u0007b'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^pmesh: the message cannot be sent: its type .* \(ERR_MESSAGE\)\n$/)
  })

  it('regression: ends after a refusal although its input goes on', async () => {
    const child = spawnCli(['publish', '!!', '--lines', '--data', node.dataDir])
    child.stdin?.on('error', () => {})
    child.stdin?.write('a line\n')
    expect((await finished(child)).code).toBe(1)
  })
})
