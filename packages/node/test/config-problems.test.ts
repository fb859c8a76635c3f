import { MeshError } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../src/config/checked-config.ts'
import type { ControllerConfig } from '../src/config/schema.ts'

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
    [{ bootstrap: ['127.0.0.1'] }, 'bootstrap[0] "127.0.0.1": not an address such as 192.0.2.1:7124'],
    [{ announce: ['/ip4/1.2.3/tcp/1'] }, 'announce[0] "/ip4/1.2.3/tcp/1": not an address'],
    [{ listen: ['/ip4/127.0.0.1/tcp/99999'] }, 'listen[0] "/ip4/127.0.0.1/tcp/99999": not an address'],
    [{ listen: '/ip4/127.0.0.1/tcp/1' }, 'listen "/ip4/127.0.0.1/tcp/1": not a list'],
    [{ identity: 'me' }, 'identity "me": not a PastelID'],
    [{ members: 'all' }, 'members "all":'],
    [{ dataDir: '' }, 'dataDir "": give the path'],
    [{ manyPeersPerHost: 'yes' }, 'manyPeersPerHost "yes":'],
    [{ sync: { interval: 0 } }, 'sync.interval 0: must be longer than nothing'],
    [{ sync: { history: 1.5 } }, 'sync.history 1.5: not a whole number of milliseconds'],
    [{ sync: { history: '10' } }, 'sync.history "10": not a duration: add a unit: 10s'],
    [{ disk: { minFree: {} } }, 'disk.minFree {}: not a size such as'],
    [{ disk: 5 }, 'disk 5:'],
    [{ log: { level: 'loud' } }, 'log.level "loud": not a level: use trace, debug'],
    [{ limits: { maxBatchMessages: 513 } }, 'limits.maxBatchMessages 513: not a whole number from 1 to 512'],
    [{ limits: { peerRates: { bytes: { perSecond: -1 } } } }, 'limits.peerRates.bytes.perSecond -1:'],
    [{ lisen: ['/ip4/127.0.0.1/tcp/1'] }, 'lisen ["/ip4/127.0.0.1/tcp/1"]: there is no such key'],
    [{ retention: { maxAgeMs: 1 } }, 'retention.maxAgeMs 1: there is no such key'],
    [{ api: { proxies: ['nginx'] } }, 'api.proxies[0] "nginx": not an address such as 127.0.0.1'],
    [{ api: { proxies: ['::/0'] } }, 'api.proxies[0] "::/0": everybody is no proxy'],
    ['nonsense', 'configuration "nonsense":'],
  ])('%j is named with value and reason', (config, problem) => {
    expect(problemsOf(config)).toContain(problem)
  })

  it('names all problems at once, one line each', () => {
    const problems = problemsOf({ network: 'A', topics: ['!'], bootstrap: ['x'], port: 1, members: 2 })
    for (const key of ['network', 'topics[0]', 'bootstrap[0]', 'port', 'members']) {
      expect(problems).toContain(`${key} `)
    }
    expect(problems.split('\n')).toHaveLength(6)
  })

  it('complains once of one address', () => {
    expect(problemsOf({ listen: ['nonsense'] }).match(/listen/g)).toHaveLength(1)
  })

  it('shows no more than the beginning of a long value', () => {
    expect(problemsOf({ network: 'x'.repeat(10_000) }).length).toBeLessThan(300)
  })
})
