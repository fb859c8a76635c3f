import { checkProof } from '@pastel-mesh/protocol'
import { describe, expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { errorOf, query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

describe('the proof of a message', () => {
  it('is the signed batch as it is stored, with the one before it', async () => {
    const { path, node, store } = await openServer()
    await node.publish('prices', { text: 'before' })
    const [, { id }] = (await node.publishMany('prices', [{ text: 'a' }, { text: 'b' }])) as [
      unknown,
      { id: string },
    ]
    const { envelope, predecessor = '' } = await apiOf(path).service.messages.proof.query({ id })
    const found = await store.findMessage(id)
    expect(envelope).toBe(Buffer.from(found?.stored.envelope ?? []).toString('base64'))
    const report = await checkProof(Buffer.from(envelope, 'base64'), {
      messageId: id,
      predecessor: Buffer.from(predecessor, 'base64'),
    })
    expect(report).toMatchObject({ isValid: true, sender: node.pastelId })
    expect(report.checks.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
  })

  it('is refused for what is not stored, and for what is no id', async () => {
    const { path, node } = await openServer()
    const { id } = await node.publish('prices', { text: 'hello' })
    const missing = await query(path, 'service.messages.proof', { id: id.replace(/\d+$/, '7') })
    expect(missing.status).toBe(404)
    expect(errorOf(missing).data.meshCode).toBe('ERR_NOT_STORED')
    const wrong = await query(path, 'service.messages.proof', { id: 'nonsense' })
    expect(errorOf(wrong)).toMatchObject({ data: { httpStatus: 400, meshCode: 'ERR_MESSAGE_ID' } })
  })
})
