import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { createLocalSigner, type PastelId } from '@pastel-mesh/identity'
import { type EmulatedSupernode, startPasteldEmulator } from '@pastel-mesh/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { coreKeyArgs } from '../../node/test/fixtures/core-key-args.ts'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import {
  createPasteldClient,
  createPasteldSigner,
  createSupernodeDirectory,
  findPasteldConfig,
} from '../../pasteld/src/index.ts'
import { PASTEL_OPERATIONS } from '../../sdk-server/src/pastel/pastel-operations.ts'
import { openServer } from '../../sdk-server/test/fixtures/open-server.ts'
import { freePort } from '../src/mesh/free-port.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const SCRIPT = new URL('fixtures/pastel_client.py', import.meta.url)
/** Debian's own. */
const PYTHON = '/usr/bin/python3'
const isMissing = !existsSync(PYTHON)
if (isMissing) console.warn(`Pastel's endpoints are not called from Python: ${PYTHON} is missing`)

/** A node of the supernode of an emulated core, which signs by that core what programs of the machine hand in. */
async function nodeOf(
  supernode: EmulatedSupernode,
  { bootstrap = [], now = Date.now }: { bootstrap?: readonly string[]; now?: () => number },
) {
  const client = createPasteldClient(await findPasteldConfig({ conf: supernode.confPath }))
  onTestFinished(() => client.close())
  const directory = createSupernodeDirectory(
    { path: join(await temporaryFolder(), 'supernodes.json') },
    { client },
  )
  onTestFinished(() => directory.stop())
  await directory.start()
  const pastelId = supernode.pastelId as PastelId
  const opened = await openServer({
    http: {},
    now,
    bootstrap,
    signer: createLocalSigner(Buffer.from(supernode.pastelIdSeed, 'hex')),
    pastel: () => ({
      directory,
      sign: async (words, passphrase, options) =>
        createPasteldSigner({ pastelId, passphrase }, { client }).sign(words, options),
    }),
  })
  expect(opened.node.pastelId).toBe(pastelId)
  return { ...opened, url: opened.server.url ?? '' }
}

/** Runs it as anybody would: nothing of ours but what it is told. @param later puts the time forward */
async function runScript(given: object, later?: () => void): Promise<Record<string, Seen>> {
  const child = spawn(PYTHON, ['-I', '-S', SCRIPT.pathname], { env: {}, timeout: 120_000 })
  const errors = text(child.stderr)
  child.stdin.write(`${JSON.stringify({ ...given, later: later !== undefined })}\n`)
  let last = ''
  for await (const line of createInterface(child.stdout)) {
    last = line
    if (line !== 'later') continue
    later?.()
    child.stdin.write('\n')
  }
  expect(await errors).toBe('')
  return JSON.parse(last)
}

interface Seen {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON, as a program without types has it
  readonly body: any
}

/** What is refused, and how; everything else is done. */
const REFUSED: Readonly<Record<string, number>> = {
  'get_sn_data_from_pastelid: mistyped': 422,
  'get_sn_data_from_pastelid: unknown': 404,
  'get_sn_data_from_sn_pubkey: unknown': 404,
  'send_message: mistyped': 422,
  'send_message: unknown': 404,
  'send_message: wrong passphrase': 401,
  'send_message: reserved': 422,
  'send_message: through a proxy': 401,
  'send_message: from a page': 401,
  'send_message: by another name': 401,
  'broadcast_message: one unknown': 404,
  'broadcast_message_to_all_sns: wrong passphrase': 401,
  'get_messages: bad': 422,
  'request_challenge: mistyped': 422,
  'send_user_message: reused challenge': 401,
  'send_user_message: forged': 422,
  'send_user_message: mistyped': 422,
  "get_user_messages: another's challenge": 401,
  'get_user_messages: reused challenge': 401,
}

/** @param expired whether the time was put forward */
function check(
  seen: Readonly<Record<string, Seen>>,
  [first, second]: readonly [EmulatedSupernode, EmulatedSupernode],
  expired: boolean,
): void {
  const refused = expired ? { ...REFUSED, 'get_user_messages: expired challenge': 401 } : REFUSED
  const statuses = Object.entries(seen).map(([name, { status }]) => [name, status])
  expect(Object.fromEntries(statuses)).toEqual({
    ...Object.fromEntries(statuses.map(([name]) => [name, 200])),
    ...refused,
  })
  const called = Object.keys(seen).map((name) => name.split(':')[0])
  for (const { path } of Object.values(PASTEL_OPERATIONS)) expect(called).toContain(path.split('/')[1])
  for (const name of Object.keys(refused)) expect(seen[name]?.body.detail, name).toBeTruthy()
  const bodyOf = (name: string) => seen[name]?.body
  expect(Object.keys(bodyOf('supernode_list_json')).sort()).toEqual([first.outpoint, second.outpoint].sort())
  expect(bodyOf('get_local_machine_sn_info')).toMatchObject({ local_sn_pastelid: first.pastelId })
  expect(bodyOf('get_sn_data_from_pastelid').pubkey).toBe(second.publicKey)
  expect(bodyOf('get_messages: none')).toEqual([])
  expect(bodyOf('get_messages')).toHaveLength(3)
  expect(bodyOf('get_messages: of another type')).toHaveLength(2)
  expect(bodyOf('get_messages')[0]).toMatchObject({
    message: 'hello, wörld',
    sending_sn_pastelid: first.pastelId,
    sending_sn_txid_vout: first.outpoint,
    receiving_sn_txid_vout: second.outpoint,
  })
  expect(bodyOf('broadcast_message').recipients).toHaveLength(1)
  const read = bodyOf('get_user_messages').map((one: { message_body: string }) => one.message_body)
  expect(read).toEqual(['from the Go client', 'grüße'])
  for (const name of ['get_user_messages: as base64', 'get_user_messages: of the author'])
    expect(bodyOf(name)).toEqual(bodyOf('get_user_messages'))
  expect(bodyOf('send_user_message: again').id).toBe(bodyOf('send_user_message: text').id)
  for (const page of ['/', '/redoc', 'openapi.json']) expect(bodyOf(page)).toBe(true)
}

/** Two supernodes, and two cores that are none, with whose keys users sign. */
async function startCores() {
  const user = { fields: { isListed: false, isMasternode: false } }
  const emulator = await startPasteldEmulator({ supernodes: [{}, {}, user, user], latency: 1 })
  onTestFinished(() => emulator.stop())
  const [first, second, ...users] = emulator.supernodes as [
    EmulatedSupernode,
    EmulatedSupernode,
    ...EmulatedSupernode[],
  ]
  return {
    supernodes: [first, second] as const,
    passphrases: emulator.supernodes.map(({ passphrase }) => passphrase),
    given: {
      passphrase: first.passphrase,
      peer: second.pastelId,
      users: users.map(({ pastelId, passphrase, url, rpcUser, rpcPassword }) => ({
        ...{ pastelid: pastelId, passphrase },
        rpc: { url, user: rpcUser, password: rpcPassword },
      })),
    },
  }
}

test.skipIf(isMissing)(
  "a Python program with nothing but the standard library and documented calls uses every endpoint of Pastel's, rightly and wrongly",
  async () => {
    const { supernodes, passphrases, given } = await startCores()
    const [first, second] = supernodes
    let shiftMs = 0
    const one = await nodeOf(first, { now: () => Date.now() + shiftMs })
    const other = await nodeOf(second, { bootstrap: one.node.addresses() })
    const seen = await runScript({ ...given, url: one.url, other: other.url }, () => {
      shiftMs = 300_001
    })
    check(seen, supernodes, true)
    // Nobody's passphrase is told to anybody, in an answer or a log.
    const told = JSON.stringify([seen, one.requests, other.requests, one.errors.map(String)])
    for (const passphrase of passphrases) expect(told).not.toContain(passphrase)
    expect(one.errors).toEqual([])
  },
  120_000,
)

test.skipIf(isMissing)(
  'so it does with nodes that were started and set up as an operator does it, and their logs have no passphrase',
  async () => {
    const { supernodes, passphrases, given } = await startCores()
    const port = await freePort()
    const ways = [
      ['--listen', `/ip4/127.0.0.1/tcp/${port}`],
      ['--bootstrap', `/ip4/127.0.0.1/tcp/${port}`],
    ] as const
    const start = async (supernode: EmulatedSupernode, at: number) => {
      const dataDir = await temporaryFolder()
      const apiPort = await freePort()
      const node = await startNode({
        dataDir,
        args: [
          ...(await coreKeyArgs(dataDir, supernode)),
          ...(ways[at] ?? []),
          ...['--members', 'pasteld', '--api-pastel', '--api-listen', `127.0.0.1:${apiPort}`],
          ...['--metrics-listen', 'off', '--log-level', 'debug', '--log-file', 'node.log'],
        ],
      })
      onTestFinished(() => node.remove())
      return { ...node, url: `http://127.0.0.1:${apiPort}` }
    }
    const nodes = await Promise.all(supernodes.map(start))
    const [one, other] = nodes
    const seen = await runScript({ ...given, url: one?.url, other: other?.url })
    check(seen, supernodes, false)
    for (const { dataDir, output } of nodes) {
      const told = `${output()}${await readFile(join(dataDir, 'node.log'), 'utf8')}${JSON.stringify(seen)}`
      expect(told).toContain('get_messages')
      for (const passphrase of passphrases) expect(told).not.toContain(passphrase)
    }
  },
  120_000,
)
