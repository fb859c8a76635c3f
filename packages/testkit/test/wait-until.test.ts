import { describe, expect, it } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'

describe('waiting for a condition', () => {
  it('gives what it returned, after looks that failed or were not yet true', async () => {
    const looks = [
      () => false,
      () => undefined,
      () => Promise.reject(new Error('not yet')),
      () => null,
      () => 0,
    ]
    expect(await waitUntil(() => looks.shift()?.(), { what: 'it', everyMs: 1 })).toBe(0)
    expect(looks).toEqual([])
  })

  it('fails with what was waited for and the last failure', async () => {
    const failing = waitUntil(() => Promise.reject(new Error('broken')), {
      what: 'the end',
      timeoutMs: 20,
      everyMs: 1,
    })
    await expect(failing).rejects.toMatchObject({
      message: 'waited 20 ms in vain for: the end',
      cause: { message: 'broken' },
    })
  })

  it('ends with the reason of its signal, without a look if that was there before', async () => {
    const controller = new AbortController()
    let looks = 0
    const waiting = waitUntil(
      () => {
        looks += 1
        controller.abort(new Error('enough'))
      },
      { what: 'nothing', everyMs: 1_000_000, signal: controller.signal },
    )
    await expect(waiting).rejects.toThrow('enough')
    expect(looks).toBe(1)
    await expect(waitUntil(() => true, { what: 'it', signal: controller.signal })).rejects.toThrow('enough')
  })
})
