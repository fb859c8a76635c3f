import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'

/** Batches of a backlog: some hundred milliseconds of signature checks. */
const BACKLOG = 200

test('what is said now is verified before the backlog that sync brings', async () => {
  const inbound = await openInbound()
  const backlog: SignedBatch[] = []
  const writer = freshWriter({ identity: 'carol' })
  for (let i = 0; i < BACKLOG; i += 1) backlog.push(await writer.write())
  let done = 0
  const catchingUp = backlog.map(async ({ envelope }) => {
    await stored(inbound.sync(envelope))
    done += 1
  })
  const { envelope } = await freshWriter({ identity: 'dave' }).write()
  expect(await inbound.gossip(envelope)).toMatchObject({ action: 'accept' })
  expect(done).toBeLessThan(BACKLOG / 4)
  await Promise.all(catchingUp)
})
