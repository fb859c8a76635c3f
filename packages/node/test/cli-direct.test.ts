import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePastelId, generateSeed, publicKeyFromSeed } from '@pastel-mesh/identity'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { type ControlClient, createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { type CliOptions, finished, gather, runCli, spawnCli } from './fixtures/cli.ts'
import { type RunningNode, startNode, stopNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

interface Side {
  readonly node: RunningNode
  readonly api: ControlClient['api']
  readonly pastelId: string
}

let alice: Side
let bob: Side
/** Of the first message. */
let id = ''

const STRANGER = `jX${'a'.repeat(84)}`

async function startSide(...args: string[]): Promise<Side & { close(): Promise<void> }> {
  const node = await startNode({ args: ['--topic', 'prices', ...args] })
  const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
  return { node, api, close, pastelId: (await api.admin.status.query()).pastelId }
}

beforeAll(async () => {
  const sides = await Promise.all([startSide('--outbox-max-size', '100KiB'), startSide()])
  ;[alice, bob] = sides
  await alice.api.admin.members.add.mutate({ pastelId: bob.pastelId })
  await bob.api.admin.members.add.mutate({ pastelId: alice.pastelId })
  const { addresses } = await bob.api.admin.status.query()
  await alice.api.admin.peers.dial.mutate({ target: addresses[0] as string })
  return async () => {
    for (const { close, node } of sides) {
      await close()
      await node.remove()
    }
  }
})

function pmesh(side: Side, args: readonly string[], options?: CliOptions) {
  const at = args.indexOf('--')
  const before = at < 0 ? args : args.slice(0, at)
  return runCli([...before, '--data', side.node.dataDir, ...(at < 0 ? [] : args.slice(at))], options)
}

async function lines(side: Side, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await pmesh(side, args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}

const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`

describe('direct messages', () => {
  it('send prints the id, and with --wait says what became of it', async () => {
    const { code, stdout, stderr } = await pmesh(alice, ['send', bob.pastelId, 'hello bob', '--wait', '20s'])
    id = stdout.trim()
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `pmesh: ${id}: delivered, to ${bob.pastelId}: its recipient has it, and has signed that\n`,
    })
  })

  it('send --lines sends each line, to several; --json says to whom', async () => {
    const { code, stdout, stderr } = await pmesh(
      alice,
      ['send', bob.pastelId, alice.pastelId, '--lines', '--type', 'line', '--json'],
      { input: 'one\ntwo\n' },
    )
    expect({ code, stderr }).toEqual({
      code: 0,
      // With JSON nothing but an error stands there.
      stderr: '',
    })
    const sent = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(sent).toHaveLength(4)
    for (const to of [bob.pastelId, alice.pastelId]) {
      expect(sent.filter(({ recipient }) => recipient === to)).toHaveLength(2)
    }
  })

  it('inbox shows what came, of one sender, of one type', async () => {
    await waitUntil(
      async () => (await bob.api.service.messages.list.query({ inbox: true })).messages.length === 3,
      {
        what: 'three messages',
      },
    )
    const shown = await lines(bob, 'inbox', '--from', alice.pastelId, '--since', '1h')
    expect(shown).toEqual([
      expect.stringMatching(new RegExp(`^${time}  inbox  ${alice.pastelId}  message  hello bob$`)),
      expect.stringMatching(/ {2}line {5}one$/),
      expect.stringMatching(/ {2}line {5}two$/),
    ])
    const [line] = await lines(bob, 'inbox', '--type', 'line', '--limit', '1', '--json')
    expect(JSON.parse(line ?? '')).toMatchObject({ direct: 'received', text: 'two', sender: alice.pastelId })
    expect(await pmesh(bob, ['inbox', '--from', bob.pastelId])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'pmesh: nothing in the inbox matches\n',
    })
  })

  it('inbox, messages, tail and sent show the whole ids if asked to', async () => {
    for (const [side, ...args] of [
      [bob, 'inbox', '--type', 'message'],
      [bob, 'messages', '--type', 'message'],
      [alice, 'sent', '--type', 'message'],
    ] as const) {
      const [line] = await lines(side, ...args, '--ids')
      expect(line).toMatch(new RegExp(`^${id}  ${time}  .*hello bob$`))
    }
  })

  it('sent shows the states, the newest last', async () => {
    const [line] = await lines(alice, 'sent', '--to', bob.pastelId, '--type', 'message')
    expect(line).toMatch(new RegExp(`^${time}  to ${bob.pastelId}  delivered  message  hello bob$`))
    const [json] = await lines(alice, 'sent', '--json', '--limit', '1')
    expect(JSON.parse(json ?? '')).toMatchObject({ text: 'two', delivery: { state: expect.any(String) } })
  })

  it('delivery shows the receipt', async () => {
    const shown = (await lines(alice, 'delivery', id)).join('\n')
    for (const line of [
      /^delivered {2}its recipient has it/m,
      new RegExp(`^message {4}${id}$`, 'm'),
      new RegExp(`^to {9}${bob.pastelId}$`, 'm'),
      new RegExp(`^receipt {4}${time} \\(`, 'm'),
    ]) {
      expect(shown).toMatch(line)
    }
    const json = JSON.parse((await lines(alice, 'delivery', id, '--json')).join(''))
    expect(json).toMatchObject({ id, state: 'delivered', receipt: { receipt: expect.any(String) } })
    expect(await pmesh(bob, ['delivery', `${'a'.repeat(26)}-1`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_UNKNOWN_MESSAGE)'),
    })
  })

  it('delivery of a message to a topic says who stores it, of those who announce it', async () => {
    const topic = 'prices'
    const publish = { topic, messages: [{ text: 'to all', type: 'price' }] }
    const { ids } = await alice.api.service.messages.publish.mutate(publish)
    const [published = ''] = ids
    const shown = await pmesh(alice, ['delivery', published, '--wait', '20s'])
    expect(shown).toMatchObject({
      code: 0,
      stdout: 'stored by 1 of 1 member that announces prices\n',
      stderr: '',
    })
    const json = JSON.parse((await lines(alice, 'delivery', published, '--json')).join(''))
    expect(json).toMatchObject({
      topic,
      stored: 1,
      members: [{ pastelId: bob.pastelId, state: 'stored', receipt: { receipt: expect.any(String) } }],
    })
    expect(await pmesh(bob, ['delivery', published])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_NOT_OWN_MESSAGE)'),
    })
  })

  it('messages shows those of the node itself, and status how many', async () => {
    const [own] = await lines(alice, 'messages', '--type', 'message')
    expect(own).toContain(`  to ${bob.pastelId}  ${alice.pastelId}  message  hello bob`)
    const [theirs] = await lines(bob, 'messages', '--type', 'message')
    expect(theirs).toContain(`  inbox  ${alice.pastelId}  message  hello bob`)
    const status = (await lines(bob, 'status')).join('\n')
    expect(status).toMatch(
      /^Direct messages\n {2}inbox {8}3 messages since its first start\n {2}undelivered {2}nothing\n {2}waiting {6}nothing\n {2}mailbox {6}nothing$/m,
    )
  })

  it('tail --inbox shows what comes, and nothing of topics', async () => {
    const child = spawnCli(['tail', '--inbox', '--last', '1', '--json', '--data', bob.node.dataDir])
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = finished(child)
    const output = gather(child.stdout)
    const texts = () =>
      output()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).text)
    await waitUntil(() => texts().length === 1, { what: 'the last one' })
    await bob.api.service.messages.publish.mutate({ topic: 'prices', messages: [{ text: 'a price' }] })
    await alice.api.service.messages.send.mutate({ to: [bob.pastelId], messages: [{ text: 'live' }] })
    await waitUntil(() => texts().length === 2, { what: 'the next one' })
    expect(texts()).toEqual(['two', 'live'])
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('either end verifies the text as well; what is saved for others is without it, and says so', async () => {
    const proof = join(await temporaryFolder(), 'hello.proof')
    for (const side of [alice, bob]) {
      const verified = (await lines(side, 'verify', id, '--out', proof)).join('\n')
      expect(verified).toMatch(/^text {7}hello bob$/m)
      expect(verified).toMatch(/^ {2}messages {5}ok {2}1, as many as it says$/m)
      expect(verified).toContain(
        `without its text: for others to check that, too, "pmesh export --disclose ${id} FILE" writes another file`,
      )
    }
    const elsewhere = await runCli(['verify', '--data', '/nowhere', '--proof', proof, id])
    expect(elsewhere).toMatchObject({ code: 0, stderr: '' })
    expect(elsewhere.stdout).not.toContain('hello bob')
    expect(elsewhere.stdout).toContain(
      `messages     not checked  sealed: only its sender and its recipient have what opens it: "pmesh verify" there checks the text, too, and "pmesh export --disclose ${id} FILE" shows it to others`,
    )
    expect((await readFile(proof)).includes('hello bob')).toBe(false)
  })

  it('what the recipient discloses is verified without a node; what was changed is not', async () => {
    const file = join(await temporaryFolder(), 'hello.disclosed')
    expect(await lines(bob, 'export', file, '--disclose', id)).toEqual([expect.stringMatching(/^saved /)])
    const verify = (...args: string[]) =>
      runCli(['verify', '--data', '/nowhere', '--disclosed', file, ...args])
    const shown = await verify(id)
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    for (const line of [
      /^valid {6}/m,
      new RegExp(`^sender {5}${alice.pastelId}$`, 'm'),
      new RegExp(`^recipient {2}${bob.pastelId}$`, 'm'),
      /^text {5,}hello bob$/m,
    ]) {
      expect(shown.stdout).toMatch(line)
    }
    expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({
      isValid: true,
      messages: [{ id, text: 'hello bob' }],
    })
    expect(await verify(`${'a'.repeat(26)}-1`)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^INVALID {2}the message a+-1 is not in it/),
    })
    const proof = join(await temporaryFolder(), 'hello.proof')
    await lines(bob, 'verify', id, '--out', proof)
    for (const [args, what] of [
      [['--proof', file], `is a disclosure, as .*: check it with "pmesh verify --disclosed ${file}"`],
      [
        ['--disclosed', proof],
        `is the proof of a message, .*: check it with "pmesh verify --proof ${proof}"`,
      ],
      [[proof], `is not a message id, but a file: "pmesh verify --proof ${proof}" checks that file`],
    ] as const) {
      const { code, stdout, stderr } = await runCli(['verify', '--data', '/nowhere', ...args])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(new RegExp(`^pmesh: .*${what}.*\n$`))
    }
    const bytes = await readFile(file)
    bytes[bytes.length - 1]! ^= 1
    await writeFile(file, bytes)
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringMatching(/^INVALID {2}/) })
  })

  it('whose recipient is away wait; the exit code says that nothing is known', async () => {
    const away = encodePastelId(publicKeyFromSeed(generateSeed()))
    await alice.api.admin.members.add.mutate({ pastelId: away })
    const { code, stdout, stderr } = await pmesh(alice, ['send', away, '--text', 'later', '--wait', '10ms'])
    expect(code).toBe(2)
    expect(stderr).toContain('nobody has shown the certificate')
    expect(stdout).toMatch(/^waiting-/)
    const ongoing = new RegExp(
      `the recipient is not connected now; this node keeps it, and its delivery goes on by itself, over restarts too, until ${time} \\(in [67] d\\)$`,
      'm',
    )
    expect(stderr).toMatch(ongoing)
    expect((await lines(alice, 'delivery', stdout.trim())).join('\n')).toMatch(ongoing)
    const [listed] = await lines(alice, 'sent', '--to', away, '--ids')
    expect(listed).toMatch(
      new RegExp(`^${stdout.trim()}  not sent yet  to ${away}  waiting-for-certificate$`),
    )
    const { state } = JSON.parse((await lines(alice, 'delivery', stdout.trim(), '--json')).join(''))
    expect(state).toBe('waiting-for-certificate')
    const expiring = ['send', away, '--text', 'soon', '--expires', '1s', '--wait', '20s', '--json']
    const expired = await pmesh(alice, expiring)
    expect(expired.code).toBe(1)
    expect(JSON.parse(expired.stdout)).toMatchObject({ recipient: away, state: 'expired' })
  })

  it('send says when the outbox is full, and what to do; status as well', async () => {
    const away = encodePastelId(publicKeyFromSeed(generateSeed()))
    await alice.api.admin.members.add.mutate({ pastelId: away })
    const input = 'x'.repeat(90_000)
    expect((await pmesh(alice, ['send', away], { input })).code).toBe(0)
    const { storedMessages } = (await alice.api.admin.status.query()).store
    const { code, stdout, stderr } = await pmesh(alice, ['send', away, bob.pastelId], { input })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^pmesh: nothing was sent, for the outbox is full: \d+ of 102400 bytes are .* not delivered yet, and this takes \d+; wait until .*, or set outbox\.maxSize higher \(ERR_OUTBOX_FULL\)\n$/,
    )
    expect((await alice.api.admin.status.query()).store).toMatchObject({ storedMessages })
    expect((await lines(alice, 'status')).join('\n')).toMatch(
      /^ {2}outbox {7}8\d\.\d KiB of 100 KiB \(outbox\.maxSize\): above it nothing is sent/m,
    )
  })

  it.each([
    [[STRANGER, '--text', 'x'], 'is not a PastelID'],
    [['hello', '--', 'x'], '"hello" is not a PastelID: the recipients come first, then the text'],
  ])('send %j says what is wrong', async (args, complaint) => {
    const { code, stdout, stderr } = await pmesh(alice, ['send', ...args])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(complaint)
  })

  it('send takes recipients by --to, a text that begins with a hyphen, and the standard input', async () => {
    await lines(alice, 'send', '--to', alice.pastelId, '--to', bob.pastelId, 'to both', '--type', 'form')
    await lines(alice, 'send', alice.pastelId, '--type', 'form', '--', '-5 degrees')
    const { code } = await pmesh(alice, ['send', alice.pastelId, '--type', 'form'], { input: 'typed' })
    expect(code).toBe(0)
    const sent = (await lines(alice, 'sent', '--type', 'form', '--json')).map((line) => JSON.parse(line))
    expect(sent.map(({ text, recipient }) => [text, recipient])).toEqual([
      ...[alice, bob].map(({ pastelId }) => ['to both', pastelId]),
      ...['-5 degrees', 'typed'].map((text) => [text, alice.pastelId]),
    ])
  })

  it('inbox keeps showing what expired since it came, and says so; tail does not', async () => {
    await lines(alice, 'send', alice.pastelId, 'short', '--type', 'short', '--expires', '3s')
    const [live] = await lines(alice, 'inbox', '--type', 'short', '--json')
    const { expiresAtMs } = JSON.parse(live ?? '')
    await waitUntil(() => Date.now() > expiresAtMs, { what: 'the expiry' })
    const [line] = await lines(alice, 'inbox', '--type', 'short')
    expect(line).toMatch(new RegExp(`^expired  ${time}  inbox  ${alice.pastelId}  short  short$`))
    expect(await pmesh(alice, ['messages', '--type', 'short'])).toMatchObject({ code: 0, stdout: '' })
  })

  it('is disclosed from the database as well when no node runs, and as text', async () => {
    await stopNode(bob.node)
    expect(JSON.parse((await lines(bob, 'verify', id, '--json')).join(''))).toMatchObject({
      source: 'database',
      text: 'hello bob',
    })
    const [base64 = ''] = await lines(bob, 'export', '--disclose', id)
    const file = join(await temporaryFolder(), 'text')
    await writeFile(file, `${base64}\n`)
    expect(await runCli(['verify', '--disclosed', file, '--json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"text": "hello bob"'),
    })
    expect(await pmesh(bob, ['export', '--disclose', `${'a'.repeat(26)}-1`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_NOT_STORED)'),
    })
  })
})
