import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { runCli } from './fixtures/cli.ts'
import { type RunningNode, startNode } from './fixtures/running-node.ts'
import { sharedNode } from './fixtures/shared-node.ts'

/** Nobody listens there. */
const DEAD = '/ip4/127.0.0.1/tcp/2'
const OPEN = ['--members', 'open', '--relay', '--discover', 'no', '--bootstrap', DEAD]
const node = sharedNode({ args: OPEN })

/** Another node, which knows only itself, and the port that it listens on. */
async function startOther(): Promise<{ other: RunningNode; port: string; pastelId: string }> {
  const other = await startNode({ args: ['--relay', '--discover', 'no', '--topic', 'prices'] })
  onTestFinished(() => other.remove())
  const [, port = ''] = /\/tcp\/(\d+)/.exec(other.output()) ?? []
  const [pastelId = ''] = /jX\w+/.exec(other.output()) ?? []
  return { other, port, pastelId }
}

const pmesh = (...args: string[]) => runCli([...args, '--data', node.dataDir])

describe('pmesh connect, disconnect, peers and topics', () => {
  it('take an address and a port, then the PastelID; the status shows the peer, its round trip and its topic', async () => {
    const { other, port, pastelId } = await startOther()
    expect((await pmesh('peers')).stderr).toBe(
      `pmesh: no peers are connected: "pmesh connect ADDRESS:PORT --data ${node.dataDir}" connects to one\n`,
    )
    const refused = await pmesh('connect', `localhost:${port}`, '--json')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    const { error } = JSON.parse(refused.stderr)
    expect(error).toMatchObject({
      code: 'ERR_NOT_CERTIFIED',
      message: expect.stringMatching(
        /^localhost:\d+ cannot be connected to: .*: not-a-member \(by the other\): .*"pmesh members add jX\w{84}"$/,
      ),
    })
    const before = await pmesh('status')
    expect(before.stdout).toMatch(
      new RegExp(
        `^Bootstrap addresses\\n {2}${DEAD} {2}failing {2}.*ECONNREFUSED 127.0.0.1:2: nothing listens there, \\d+ s ago; it is tried again and again$`,
        'm',
      ),
    )
    expect(before.stdout).toMatch(
      /^Refused connections\n {2}\S+Z \(\d+ s ago\) {2}\S+: not-a-member \(by the other\): this node is no member there: ask its operator for "pmesh members add jX\w+"/m,
    )
    const [, own = ''] = /add (jX\w+)/.exec(error.message) ?? []
    expect((await runCli(['members', 'add', own, '--data', other.dataDir])).code).toBe(0)
    const connected = await pmesh('connect', `localhost:${port}`)
    expect(connected).toMatchObject({ code: 0, stderr: '' })
    expect(connected.stdout).toMatch(new RegExp(`^connected {2}${pastelId} {2}/ip4/127.0.0.1/tcp/${port}`))
    const status = await waitUntil(
      async () => {
        const { stdout } = await pmesh('status')
        return /±\d+\.\d ms$/m.test(stdout) && /^Topics\n {2}prices/m.test(stdout) && stdout
      },
      { what: 'the peer to be measured and its topic to be carried' },
    )
    expect(status).toMatch(
      new RegExp(`^ {2}${pastelId} {2}/ip4/\\S+ {2}outbound {2}\\d+\\.\\d ±\\d+\\.\\d ms$`, 'm'),
    )
    // It has been let in since.
    expect(status).not.toContain('Refused connections')
    const peers = await pmesh('peers')
    expect(peers.stdout).toMatch(
      new RegExp(
        `^PASTELID +DIRECTION +FOR +ROUND TRIP +ADDRESS +TOPICS\n${pastelId} {2}outbound {3}\\d+ s +\\S+ ±\\S+ ms  /ip4/\\S+  prices\n$`,
      ),
    )
    const [peer] = JSON.parse((await pmesh('peers', '--json')).stdout)
    expect(peer).toMatchObject({ pastelId, topics: ['prices'], connectedAtMs: expect.any(Number) })
    await pmesh('publish', 'news', 'hello')
    expect((await pmesh('topics')).stdout).toBe(
      'PEERS  MESSAGES  JOINED  TOPIC\n    0         1  no      news\n    1         0  yes     prices\n',
    )
    expect(JSON.parse((await pmesh('topics', '--json')).stdout)).toEqual([
      { topic: 'news', isJoined: false, peers: 0, messages: 1 },
      { topic: 'prices', isJoined: true, peers: 1, messages: 0 },
    ])
    expect(await pmesh('disconnect', pastelId)).toMatchObject({
      code: 0,
      stdout: `disconnected  ${pastelId}\n`,
      stderr: expect.stringContaining('the other may come back by itself'),
    })
    expect((await pmesh('status')).stdout).toMatch(/^Peers\n {2}none$/m)
    const again = await pmesh('connect', pastelId, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ pastelId, direction: 'outbound' })
    const gone = await pmesh('disconnect', pastelId, '--json')
    expect(JSON.parse(gone.stdout)).toEqual({ disconnected: pastelId })
  })

  it.each([
    [['connect', 'nonsense'], '"nonsense" is no address of a node: give a PastelID'],
    [['connect', '127.0.0.1:1'], '127.0.0.1:1 cannot be reached'],
    [['disconnect', '127.0.0.1:1'], 'this node is not connected to 127.0.0.1:1'],
  ])('%j says in one line what is wrong', async (args, message) => {
    const { code, stdout, stderr } = await pmesh(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })
})
