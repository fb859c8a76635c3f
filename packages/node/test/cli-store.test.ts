import { expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode({ args: ['--retention-max-age', '1ms', '--topic', 'prices'] })
const pmesh = (...args: string[]) => runCli([...args, '--data', node.dataDir])

it('pmesh store shows how large the database is, retention what is removed when, and compact rewrites it', async () => {
  await pmesh('publish', 'prices', 'a')
  await pmesh('publish', 'prices', 'b')
  const [size, asJson] = await Promise.all([pmesh('store'), pmesh('store', 'size', '--json')])
  expect({ code: size.code, stderr: size.stderr }).toEqual({ code: 0, stderr: '' })
  expect(size.stdout).toMatch(/^on disk +\S+ KiB, jobs and the rest included$/m)
  expect(size.stdout).toMatch(/^stored +2 messages in 2 batches, \S+ (bytes|KiB)$/m)
  expect(size.stdout).toMatch(/^oldest +\d{4}-\S+Z \(\d+ s ago\)$/m)
  expect(size.stdout).toMatch(/^disk +ok, \S+ \w+ free, reserve 256 MiB$/m)
  expect(JSON.parse(asJson.stdout)).toMatchObject({ messages: 2, batches: 2, disk: { state: 'ok' } })

  const [before, removed] = [await pmesh('store', 'retention'), await pmesh('store', 'retention', '--run')]
  expect(before.stdout).toMatch(/^keeps +1ms, 16\.0 GiB\nlooks +every 10m\nlast run +not since the start\n$/)
  expect(removed.stdout).toMatch(/^removed {2}0 entries, 0 bytes; 1 of this node are kept/)

  const compacted = await pmesh('store', 'compact', '--for', '1m')
  expect(compacted).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^compacted {2}\S+ KiB → \S+ KiB, in \S+ \w+\n$/),
  })
  expect((await pmesh('store')).stdout).toMatch(/^last compaction +\S+Z \(\d+ s ago\): compacted/m)
})
