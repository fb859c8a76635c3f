import { isAbsolute } from 'node:path'
import { DEFAULT_RETENTION } from '@pastel-mesh/queue'
import { DEFAULT_RATES } from '@pastel-mesh/sdk-node'
import { DEFAULT_CALL_RATE } from '@pastel-mesh/sdk-server'
import { expect, it } from 'vitest'
import { checkConfig } from '../src/config/checked-config.ts'

const DAY_MS = 86_400_000

it('an empty configuration is a node of its own, on the loopback address', () => {
  const { dataDir, pluginsFrom, ...rest } = checkConfig({})
  expect(isAbsolute(dataDir)).toBe(true)
  expect(pluginsFrom).toBe(process.cwd())
  expect(rest).toEqual({
    network: 'local',
    plugins: [],
    ext: {},
    listen: ['/ip4/127.0.0.1/tcp/7124'],
    announce: [],
    bootstrap: [],
    topics: [],
    relay: false,
    discover: true,
    members: 'file',
    manyPeersPerHost: false,
    trustedProxies: [],
    minFreeBytes: 256 * 2 ** 20,
    syncIntervalMs: 4_000,
    historyMs: 3 * DAY_MS,
    lostAfterMs: 60_000,
    retention: { maxAgeMs: 30 * DAY_MS, maxBytes: 16 * 2 ** 30, intervalMs: 600_000 },
    mailbox: { enabled: true, maxBytes: 2 ** 30, maxSenderBytes: 64 * 2 ** 20 },
    outbox: { maxBytes: 2 ** 30 },
    queue: {
      driver: 'level',
      namespace: 'pmesh',
      lockMs: 30_000,
      concurrency: 100,
      maxStalls: 3,
      retention: DEFAULT_RETENTION,
    },
    callRate: DEFAULT_CALL_RATE,
    http: {
      host: '127.0.0.1',
      port: 7123,
      allowedHosts: [],
      publicUrls: [],
      trustedProxies: [],
      corsOrigins: [],
    },
    monitoring: { host: '127.0.0.1', port: 7125 },
    roles: { admins: [], operators: [], viewers: [] },
    log: { level: 'info', format: 'auto' },
    stopTimeoutMs: 20_000,
    maxBatchMessages: 512,
    peerRates: DEFAULT_RATES,
    senderRates: DEFAULT_RATES,
  })
})

it('durations and sizes are texts or numbers, the log file lies in the data folder', () => {
  const config = checkConfig({
    dataDir: '/data',
    sync: { history: '1.5h', interval: 250 },
    disk: { minFree: 0 },
    retention: { maxSize: '10MB' },
    mailbox: { enabled: false, maxSenderSize: '1MiB' },
    outbox: { maxSize: '2MiB' },
    log: { file: 'logs/node.log' },
  })
  expect(config).toMatchObject({
    historyMs: 5_400_000,
    syncIntervalMs: 250,
    minFreeBytes: 0,
    retention: { maxBytes: 10_000_000, intervalMs: 600_000 },
    mailbox: { enabled: false, maxBytes: 2 ** 30, maxSenderBytes: 2 ** 20 },
    outbox: { maxBytes: 2 ** 21 },
    log: { file: '/data/logs/node.log', level: 'info' },
  })
})
