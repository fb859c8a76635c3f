import { isAbsolute } from 'node:path'
import { expect, it } from 'vitest'
import { checkConfig } from '../src/config.ts'

it('an empty configuration is a node of its own, on the loopback address', () => {
  const { dataDir, ...rest } = checkConfig({})
  expect(isAbsolute(dataDir)).toBe(true)
  expect(rest).toEqual({
    network: 'local',
    listen: ['/ip4/127.0.0.1/tcp/7124'],
    announce: [],
    bootstrap: [],
    topics: [],
    relay: false,
    members: 'file',
    manyPeersPerHost: false,
  })
})
