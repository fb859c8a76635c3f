import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'

describe('pmesh start', () => {
  it('says who it is and where it listens when it is ready', async () => {
    const node = await startNode({
      args: [
        ...['--topic', 'prices', '--topic', 'news/eu', '--network', 'trial'],
        ...['--api-listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'],
      ],
    })
    onTestFinished(() => node.remove())
    for (const line of [
      /^Pastel Mesh \S+, ready$/m,
      /^PastelID {6}jX\w+$/m,
      /^network {7}trial$/m,
      /^listening on {2}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+$/m,
      /^API {11}http:\/\/127\.0\.0\.1:[1-9]\d*$/m,
      /^metrics {7}http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/m,
      /^topics {8}prices, news\/eu$/m,
      /^stored {8}0 messages$/m,
    ]) {
      expect(node.output()).toMatch(line)
    }
    expect(node.output()).toContain(
      `\nmembers       ${node.dataDir}/members\ndata          ${node.dataDir}\n`,
    )
  })

  it('tells of peers that come, go and are refused', async () => {
    const port = await freePort()
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    const one = await startNode({ args: ['--listen', listen, '--members', 'open'] })
    onTestFinished(() => one.remove())
    const other = await startNode({ args: ['--bootstrap', listen, '--members', 'open'] })
    onTestFinished(() => other.remove())
    await waitUntil(() => /: connected {5}jX/m.test(one.output()), { what: 'the node to tell of its peer' })
    await stopNode(other)
    await waitUntil(() => /: disconnected {2}jX/m.test(one.output()), {
      what: 'the node to tell that it left',
    })
    const stranger = await startNode({ args: ['--bootstrap', listen, '--network', 'another'] })
    onTestFinished(() => stranger.remove())
    await waitUntil(
      () =>
        /: refused {7}\/ip4\/.*: \S+ \(by (this node|the other)\): it belongs to another network/m.test(
          stranger.output(),
        ),
      {
        what: 'the stranger to tell that it is refused',
      },
    )
  })
})
