import { MeshError } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { type ControllerConfig, checkConfig } from '../src/config.ts'

function problemsOf(config: unknown): string {
  try {
    checkConfig(config as ControllerConfig)
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError)
    expect((error as MeshError).code).toBe('ERR_CONFIG')
    return (error as MeshError).message
  }
  throw new Error('the configuration was accepted')
}

describe('a wrong configuration', () => {
  it.each([
    [{ network: 'Main Net' }, 'network "Main Net": not a network name'],
    [{ topics: ['prices', '!!'] }, 'topics[1] "!!": not a topic name'],
    [{ bootstrap: ['127.0.0.1:7124'] }, 'bootstrap[0] "127.0.0.1:7124": not a multiaddr such as /ip4/'],
    [{ announce: ['/ip4/1.2.3/tcp/1'] }, 'announce[0] "/ip4/1.2.3/tcp/1": not a multiaddr'],
    [{ listen: ['/ip4/127.0.0.1/tcp/99999'] }, 'listen[0] "/ip4/127.0.0.1/tcp/99999": not a multiaddr'],
    [{ listen: ['/ip4/127.0.0.1/udp/1'] }, 'listen[0] "/ip4/127.0.0.1/udp/1": an address to listen on'],
    [
      { listen: ['/ip4/127.0.0.1/tcp/1/wss'] },
      'listen[0] "/ip4/127.0.0.1/tcp/1/wss": an address to listen on',
    ],
    [{ members: 'all' }, 'members "all":'],
    [{ dataDir: '' }, 'dataDir "": give the path'],
    [{ manyPeersPerHost: 'yes' }, 'manyPeersPerHost "yes":'],
    [{ syncIntervalMs: 0 }, 'syncIntervalMs 0:'],
    [{ maxBatchMessages: 513 }, 'maxBatchMessages 513:'],
    [{ peerRates: { bytes: { perSecond: -1, burst: 1 } } }, 'peerRates.bytes.perSecond -1:'],
    [{ lisen: ['/ip4/127.0.0.1/tcp/1'] }, 'lisen ["/ip4/127.0.0.1/tcp/1"]: there is no such key'],
    [{ peerRates: { byte: 1 } }, 'peerRates.byte 1: there is no such key'],
    ['nonsense', 'configuration "nonsense":'],
  ])('%j is named with value and reason', (config, problem) => {
    expect(problemsOf(config)).toContain(problem)
  })

  it('names all problems at once, on one line', () => {
    const problems = problemsOf({ network: 'A', topics: ['!'], bootstrap: ['x'], port: 1, members: 2 })
    for (const key of ['network', 'topics[0]', 'bootstrap[0]', 'port', 'members']) {
      expect(problems).toContain(`${key} `)
    }
    expect(problems).not.toContain('\n')
  })

  it('complains once of one address', () => {
    expect(problemsOf({ listen: ['nonsense'] }).match(/listen/g)).toHaveLength(1)
  })

  it('shows no more than the beginning of a long value', () => {
    expect(problemsOf({ network: 'x'.repeat(10_000) }).length).toBeLessThan(300)
  })
})
