import { multiaddrConnectionPair } from '@libp2p/utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { boundedYamux } from '../src/connection/bounded-yamux.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

// A machine that loses its power says nothing; TCP notices only when its own patience ends.
test('a connection on which nothing comes any more is ended, one on which a little comes is kept', async () => {
  const [here, there] = multiaddrConnectionPair()
  boundedYamux({ enableKeepAlive: false })().createStreamMuxer(here)
  const ping = Buffer.from([0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  for (let i = 0; i < 6; i += 1) {
    there.send(ping)
    await vi.advanceTimersByTimeAsync(60_000)
  }
  expect(here.status).toBe('open')
  await vi.advanceTimersByTimeAsync(130_000)
  expect(here.status).toBe('aborted')
  expect(vi.getTimerCount()).toBe(0)
})
