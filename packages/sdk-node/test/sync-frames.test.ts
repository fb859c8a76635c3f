import { streamPair } from '@libp2p/utils'
import { expect, test } from 'vitest'
import { syncFrames } from '../src/sync/frames.ts'

const LIMITS = { maxFrameBytes: 1024, maxBufferBytes: 4096 }

test('frames arrive as they were written', async () => {
  const [near, far] = await streamPair()
  const [writer, reader] = [syncFrames(near, LIMITS), syncFrames(far, LIMITS)]
  const received = reader.read()
  await writer.write(Buffer.from('a question'))
  expect(Buffer.from((await received) ?? []).toString()).toBe('a question')
})

test.each([
  ['this end', 0],
  ['the other end', 1],
])('writing on a stream that %s has cut off says that it is closed', async (_, end) => {
  const streams = await streamPair()
  const frames = syncFrames(streams[0], LIMITS)
  streams[end]?.abort(new Error('cut off'))
  await expect.poll(() => streams[0].status, { timeout: 5_000 }).not.toBe('open')
  await expect(frames.write(Buffer.from('a question'))).rejects.toMatchObject({ code: 'ERR_SYNC_CLOSED' })
})
