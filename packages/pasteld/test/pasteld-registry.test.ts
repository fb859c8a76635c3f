import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { MemberChange } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test } from 'vitest'
import {
  createPasteldRegistry,
  createSupernodeDirectory,
  type PasteldRegistryOptions,
  type SupernodeDirectory,
} from '../src/index.ts'
import { clientOf } from './fixtures/client.ts'
import { type ListingCore, listed, pastelIdOf, startListingCore } from './fixtures/listing-core.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { waitUntil } from './fixtures/testkit.ts'

const self = pastelIdOf('this node')
const [one, two, three] = [listed(1), listed(2), listed(3)]

async function newDirectory(core: ListingCore, folder: string): Promise<SupernodeDirectory> {
  const options = { path: join(folder, 'supernodes.json'), refreshMs: 3_600_000 }
  const directory = createSupernodeDirectory(options, { client: clientOf(core) })
  onTestFinished(() => directory.stop())
  await directory.start()
  return directory
}

async function newRegistry(
  core: ListingCore,
  options: Partial<PasteldRegistryOptions> = {},
  folder?: string,
) {
  const place = folder ?? (await temporaryFolder())
  const directory = await newDirectory(core, place)
  const historyPath = join(place, 'members.history')
  const registry = createPasteldRegistry(
    { historyPath, always: [self], checkMs: 10, ...options },
    { directory },
  )
  const changes: MemberChange[] = []
  const errors: Error[] = []
  registry.onChange((change) => changes.push(change))
  registry.onError((error) => errors.push(error))
  onTestFinished(() => registry.stop())
  await registry.start()
  return { registry, directory, changes, errors, folder: place }
}

const member = (pastelId: string, role = 'member') => ({ pastelId, role })

test('supernodes whose status counts are members, and this node is one in any case', async () => {
  const core = await startListingCore(
    one,
    { ...two, status: 'PRE_ENABLED' },
    { ...three, status: 'EXPIRED' },
    listed(4, { pastelId: 'none' as never }),
  )
  const { registry } = await newRegistry(core)
  expect(registry.members()).toEqual([member(one.pastelId), member(two.pastelId), member(self)])
  expect(registry.memberAt(one.pastelId, Date.now())).toEqual(member(one.pastelId))
  expect(registry.memberAt(three.pastelId, Date.now())).toBeUndefined()
  expect(registry.memberAt(self, 0)).toEqual(member(self))
  expect([registry.add, registry.remove]).toEqual([undefined, undefined])

  const { registry: strict } = await newRegistry(core, { statuses: ['EXPIRED'] })
  expect(strict.members()).toEqual([member(three.pastelId), member(self)])
})

test('roles by rank and by status, the first that fits', async () => {
  const twice = listed(9, { pastelId: three.pastelId, rank: 2 })
  const core = await startListingCore(
    one,
    { ...two, status: 'PRE_ENABLED', rank: 50 },
    { ...three, rank: 60 },
    twice,
  )
  const roles = { leader: { maxRank: 1 }, validator: { maxRank: 10 }, newcomer: { status: 'PRE_ENABLED' } }
  const { registry } = await newRegistry(core, { roles })
  expect(registry.members()).toEqual([
    member(one.pastelId, 'leader'),
    member(two.pastelId, 'newcomer'),
    member(three.pastelId, 'validator'),
    member(self),
  ])
  await expect(newRegistry(core, { roles: { 'No Role': {} } })).rejects.toMatchObject({
    code: 'ERR_ROLE_NAME',
  })
})

test('it follows the list, tells who joined and left, and knows who was a member when', async () => {
  const core = await startListingCore(one, two)
  const { registry, directory, changes, folder } = await newRegistry(core, {
    roles: { first: { maxRank: 1 } },
  })
  const early = Date.now()
  changes.length = 0
  core.list = [{ ...one, rank: 7 }, three]
  await directory.refresh()
  expect(changes).toEqual([
    { joined: [member(one.pastelId), member(three.pastelId)], left: [member(two.pastelId)] },
  ])
  const late = Date.now() + 1
  expect(registry.memberAt(one.pastelId, early - 1)).toEqual(member(one.pastelId, 'first'))
  expect(registry.memberAt(one.pastelId, late)).toEqual(member(one.pastelId))
  expect(registry.memberAt(two.pastelId, early - 1)).toEqual(member(two.pastelId))
  expect(registry.memberAt(two.pastelId, late)).toBeUndefined()
  // Who joins for the first time was one before, as far as anybody knows.
  expect(registry.memberAt(three.pastelId, early - 60_000)).toEqual(member(three.pastelId))
  await registry.stop()
  await directory.stop()

  const { registry: again } = await newRegistry(core, {}, folder)
  expect(again.memberAt(two.pastelId, early - 1)).toEqual(member(two.pastelId))
  expect(again.memberAt(two.pastelId, late)).toBeUndefined()
})

test('a reload asks the core at once and says what that changed', async () => {
  const core = await startListingCore(one)
  const { registry } = await newRegistry(core)
  core.list = [two]
  expect(await registry.reload()).toEqual({ joined: [member(two.pastelId)], left: [member(one.pastelId)] })
  expect(await registry.reload()).toEqual({ joined: [], left: [] })
  await core.stop()
  await expect(registry.reload()).rejects.toMatchObject({ code: 'ERR_PASTELD_UNREACHABLE' })
  expect(registry.members()).toEqual([member(two.pastelId), member(self)])
})

test('a core that is down leaves the members as they were, and is told of once', async () => {
  const core = await startListingCore(one)
  const { registry, directory, errors, folder } = await newRegistry(core, { tellAfterMs: 300 })
  const { errors: notYet } = await newRegistry(core)
  await core.stop()
  await directory.refresh().catch(() => {})
  await waitUntil(() => errors.length > 0, { what: 'an error' })
  expect(Date.now() - (directory.readAtMs ?? 0)).toBeGreaterThanOrEqual(300)
  expect(notYet).toEqual([])
  await directory.refresh().catch(() => {})
  expect(errors).toEqual([
    expect.objectContaining({ code: 'ERR_PASTELD_MEMBERS', message: expect.stringContaining('24 hours') }),
  ])
  expect(registry.isRefused).toBe(false)
  expect(registry.members()).toEqual([member(one.pastelId), member(self)])
  await registry.stop()
  await directory.stop()

  // A node that starts while the core is down.
  const { registry: again } = await newRegistry(core, {}, folder)
  expect(again.members()).toEqual([member(one.pastelId), member(self)])
})

test('a list that is too old is refused: then nobody but this node is a member, until the core is back', async () => {
  const core = await startListingCore(one, two)
  const { registry, directory, changes, errors } = await newRegistry(core, { maxAgeMs: 1_500 })
  const [while_, all] = [Date.now(), [member(one.pastelId), member(two.pastelId)]]
  await core.stop()
  await waitUntil(() => registry.isRefused, { what: 'that it is too old' })
  expect(registry.members()).toEqual([member(self)])
  expect(registry.memberAt(one.pastelId, while_)).toBeUndefined()
  expect(registry.memberAt(self, while_)).toEqual(member(self))
  expect(registry.addressHints()).toEqual([])
  expect(changes.at(-1)).toEqual({ joined: [], left: all })
  await waitUntil(() => errors.length > 0, { what: 'an error' })
  expect(errors.at(-1)).toMatchObject({
    message: expect.stringContaining('nobody but this node is a member'),
  })

  await core.start()
  await directory.refresh()
  await waitUntil(() => !registry.isRefused, { what: 'that it is renewed' })
  expect(changes.at(-1)).toEqual({ joined: all, left: [] })
  // What they sent meanwhile is theirs: they were members all the time.
  expect(registry.memberAt(one.pastelId, while_)).toEqual(member(one.pastelId))
})

test('without any list nobody but this node is a member', async () => {
  const core = await startListingCore(one)
  await core.stop()
  const { registry, directory, changes, errors } = await newRegistry(core)
  expect(registry.members()).toEqual([member(self)])
  await waitUntil(() => errors.length === 1, { what: 'an error' })
  expect(errors[0]?.message).toContain('never')
  await core.start()
  await directory.refresh()
  expect(changes).toEqual([{ joined: [member(one.pastelId)], left: [] }])
})

test('who is gone counts at once, also when that cannot be written; it is told of', async () => {
  const core = await startListingCore(one, two)
  const folder = await temporaryFolder()
  const { registry, directory, errors } = await newRegistry(core, {
    historyPath: join(folder, 'none', 'history'),
  })
  await waitUntil(() => errors.length > 0, { what: 'an error' })
  expect(errors[0]).toMatchObject({ code: 'ERR_MEMBER_HISTORY' })
  core.list = [one]
  await directory.refresh()
  expect(registry.memberAt(two.pastelId, Date.now() + 1)).toBeUndefined()
  await mkdir(join(folder, 'none'))
  core.list = [one, three]
  await directory.refresh()
  await registry.stop()
  const { registry: again } = await newRegistry(core, { historyPath: join(folder, 'none', 'history') })
  expect(again.memberAt(two.pastelId, Date.now() - 60_000)).toEqual(member(two.pastelId))
})

test('addresses under which members may be reached', async () => {
  const core = await startListingCore(
    one,
    listed(2, { extP2P: '[2001:db8::1]:4445', extAddress: 'node.example:4444' }),
    listed(3, { extP2P: '203.0.113.3:4444' }),
    listed(4, { extP2P: '', extAddress: '' }),
    listed(5, { extP2P: '300.0.0.1:1', extAddress: '203.0.113.5:70000' }),
    listed(6, { extP2P: '203.0.113.6', extAddress: '/ip4/1.2.3.4/tcp/5' }),
    listed(7, { status: 'EXPIRED' }),
  )
  const { registry } = await newRegistry(core)
  expect(registry.addressHints()).toEqual([
    { pastelId: one.pastelId, addresses: ['/ip4/203.0.113.1/tcp/4445', '/ip4/203.0.113.1/tcp/4444'] },
    { pastelId: two.pastelId, addresses: ['/ip6/2001:db8::1/tcp/4445', '/dns/node.example/tcp/4444'] },
    { pastelId: three.pastelId, addresses: ['/ip4/203.0.113.3/tcp/4444'] },
  ])
})
