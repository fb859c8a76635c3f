import { expect, test } from 'vitest'
import { DiskHealth } from '../src/disk-health.ts'
import type { DiskState, MessageStore } from '../src/index.ts'
import { append, collect } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const MIB = 2 ** 20

/** A disk with as much free as a test says. */
function fakeDisk(freeBytes: number) {
  const disk = { free: freeBytes, looks: 0 }
  const ask = async () => {
    disk.looks += 1
    return disk.free
  }
  return { disk, ask }
}

function changesTo({ disk }: MessageStore, state: DiskState): Promise<void> {
  return new Promise((resolve) => {
    const remove = disk.onChange((status) => {
      if (status.state !== state) return
      remove()
      resolve()
    })
  })
}

test('below the reserve nothing new is stored, and what is stored, bookkeeping and the end go on', async () => {
  const { disk, ask } = fakeDisk(300 * MIB)
  const store = await openStore({ minFreeBytes: 100 * MIB, freeBytes: ask })
  const writer = new LogWriter({ identity: 'alice' })
  const first = await writer.write()
  const second = await writer.write()
  await append(store, first)

  disk.free = 99 * MIB
  await changesTo(store, 'low')
  expect(store.disk.status).toEqual({ state: 'low', freeBytes: 99 * MIB, minFreeBytes: 100 * MIB })
  await expect(store.place(second)).rejects.toMatchObject({
    code: 'ERR_DISK_RESERVE',
    message: expect.stringMatching(
      /has 99 MiB free, below the reserve of 100 MiB: free 26 MiB or lower the reserve$/,
    ),
  })
  expect(await store.place(first)).toEqual({ status: 'known' })
  expect(await collect(store.read())).toHaveLength(1)
  expect(await store.writer.commit(() => 'bookkeeping')).toBe('bookkeeping')
  await store.stop()
})

test('the reserve is over when clearly more is free than it asks for, by itself, and is told once', async () => {
  const { disk, ask } = fakeDisk(99 * MIB)
  const states: DiskState[] = []
  const health = new DiskHealth({ directory: '/', minFreeBytes: 100 * MIB }, { freeBytes: ask })
  health.onChange(({ state }) => states.push(state))
  for (const free of [99, 100, 124, 90, 125, 110, 100, 99, 300]) {
    disk.free = free * MIB
    await health.check()
  }
  expect(states).toEqual(['low', 'ok', 'low', 'ok'])
})

test('a store whose disk is low when it starts says so, and takes messages when it is not', async () => {
  const { disk, ask } = fakeDisk(0)
  const store = await openStore({ freeBytes: ask })
  const signed = await new LogWriter({ identity: 'alice' }).write()
  await expect(store.place(signed)).rejects.toMatchObject({ code: 'ERR_DISK_RESERVE' })
  disk.free = 1024 * MIB
  await changesTo(store, 'ok')
  await append(store, signed)
})

test('the system is asked seldom while there is much room, and often when writing brings the reserve near', async () => {
  const { disk, ask } = fakeDisk(1024 * MIB)
  const health = new DiskHealth({ directory: '/', minFreeBytes: 256 * MIB }, { freeBytes: ask })
  await health.check()
  for (let i = 0; i < 90; i += 1) health.wrote(MIB)
  await health.check()
  expect(disk.looks).toBe(2)

  disk.free = 257 * MIB
  await health.check()
  health.wrote(MIB)
  await health.check()
  expect(disk.looks).toBe(4)
  disk.free = 255 * MIB
  health.wrote(MIB)
  await health.check()
  expect(health.hasRoom).toBe(false)
})

test('a system that does not say what is free refuses nothing, nor does a reserve of 0', async () => {
  const unknown = new DiskHealth(
    { directory: '/' },
    {
      freeBytes: async () => {
        throw new Error('ENOSYS')
      },
    },
  )
  await unknown.check()
  expect(unknown.status).toMatchObject({ state: 'ok', freeBytes: undefined })
  const none = new DiskHealth({ directory: '/', minFreeBytes: 0 }, { freeBytes: async () => 0 })
  await none.check()
  none.assertRoom()
})

test('what is free is what the system says of the folder of the database', async () => {
  const store = await openStore()
  expect(store.disk.status.freeBytes).toBeGreaterThan(0)
  await expect(openStore({ minFreeBytes: 2 ** 52 }).then(({ disk }) => disk.assertRoom())).rejects.toThrow(
    'below the reserve',
  )
})
