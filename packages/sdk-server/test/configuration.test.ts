import { MeshError } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import type { Configuration } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate, query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

test('a node that is part of another program is not configured by its API', async () => {
  const { path } = await openServer()
  for (const answer of [
    await query(path, 'admin.configuration.show'),
    await mutate(path, 'admin.configuration.reload', undefined),
  ]) {
    expect([answer.status, errorOf(answer).data.meshCode]).toEqual([412, 'ERR_NO_CONFIGURATION'])
  }
})

test('what is wrong with a configuration is told to whoever asks for a reload, and noted', async () => {
  const configuration: Configuration = {
    effective: () => ({ dataDir: '/data', file: null, readAtMs: 1, keys: {} }),
    reload: async () => {
      throw new MeshError('ERR_CONFIG', 'the configuration is wrong: relay "perhaps" (pmesh.yaml:1): no')
    },
  }
  const { path } = await openServer({ configuration })
  const answer = await mutate(path, 'admin.configuration.reload', undefined)
  expect([answer.status, errorOf(answer).data.meshCode]).toEqual([412, 'ERR_CONFIG'])
  expect(errorOf(answer).message).toContain('relay "perhaps" (pmesh.yaml:1)')
  expect(await apiOf(path).admin.audit.list.query()).toMatchObject([
    { kind: 'socket', procedure: 'admin.configuration.reload', result: 'ERR_CONFIG' },
  ])
})
