import { expect, it } from 'vitest'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('regression: of a call with one message that is refused none is stored', async () => {
  const { path, store } = await openServer()
  // The node takes 512 at a time: those before the 600th would be on disk, under ids that nobody was told.
  const messages = Array.from({ length: 700 }, (_, i) => ({ text: 'x', type: i === 600 ? '\u0000' : 'fine' }))
  const answer = await mutate(path, 'service.messages.publish', { topic: 'a', messages })
  expect(answer.status).toBe(400)
  expect(errorOf(answer)).toMatchObject({
    message: expect.stringMatching(/^messages\[600\]: the message cannot be sent: its type/),
    data: { meshCode: 'ERR_MESSAGE' },
  })
  expect(store.end).toBe(0)
})
