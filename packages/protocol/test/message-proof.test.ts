import { beforeAll, describe, expect, it } from 'vitest'
import { LogWriter, seededSigner } from '../../testkit/src/fixtures/log-writer.ts'
import { checkProof, inboxChannel, messageId, SIGNATURE_BYTES, type SignedBatch } from '../src/index.ts'

let first: SignedBatch
let second: SignedBatch
let following: SignedBatch
let ofOther: SignedBatch

beforeAll(async () => {
  const writer = new LogWriter({ identity: 'alice' })
  first = await writer.write({ count: 2 })
  second = await writer.write({ count: 3 })
  following = await new LogWriter({
    identity: 'alice',
    runs: 'second',
    after: {
      run: second.batch.run,
      next: 5,
      headHash: second.hash,
      headCreatedAtMs: second.batch.createdAtMs,
    },
  }).write()
  ofOther = await new LogWriter({ identity: 'bob' }).write()
})

/** The checks that do not hold, with what is said of them. */
async function failures(...args: Parameters<typeof checkProof>): Promise<Record<string, string>> {
  const { isValid, checks } = await checkProof(...args)
  const failed = checks.filter(({ result }) => result === 'failed')
  expect(isValid).toBe(failed.length === 0)
  return Object.fromEntries(failed.map(({ name, detail }) => [name, detail]))
}

describe('a proof', () => {
  it('of a message in the middle of a log holds, with the batch before it or without', async () => {
    const id = messageId(second.log, 4)
    const report = await checkProof(second.envelope, { messageId: id, predecessor: first.envelope })
    expect(report).toMatchObject({ isValid: true, messages: [{}, {}, {}] })
    expect(report.checks.map(({ name, result }) => [name, result])).toEqual([
      ['encoding', 'ok'],
      ['signature', 'ok'],
      ['messages', 'ok'],
      ['position', 'ok'],
      ['predecessor', 'ok'],
    ])
    const alone = await checkProof(second.envelope)
    expect(alone.checks.at(-1)).toMatchObject({ name: 'predecessor', result: 'open' })
  })

  it('of the first message of all, and of a run that follows another, holds', async () => {
    expect(await failures(first.envelope, { messageId: messageId(first.log, 0) })).toEqual({})
    expect(await failures(following.envelope, { predecessor: second.envelope })).toEqual({})
  })

  it('does not hold if one bit is another', async () => {
    const inSignature = Buffer.from(second.envelope)
    inSignature[5]! ^= 1
    expect(Object.keys(await failures(inSignature))).toEqual(['signature'])
    const inBody = Buffer.from(second.envelope)
    inBody[inBody.length - 1]! ^= 1
    expect(await failures(inBody)).not.toEqual({})
    expect(Object.keys(await failures(second.envelope.subarray(0, SIGNATURE_BYTES + 40)))).toEqual([
      'encoding',
    ])
    expect(await failures(new Uint8Array(0))).toEqual({ encoding: expect.stringContaining('0 bytes') })
  })

  it('says that it is about another message', async () => {
    expect(await failures(second.envelope, { messageId: messageId(second.log, 5) })).toEqual({
      position: '5 is not in it: the batch has the positions 2 to 4',
    })
    expect(await failures(second.envelope, { messageId: messageId(ofOther.log, 2) })).toEqual({
      position: expect.stringContaining(`not of ${ofOther.log}`),
    })
    await expect(checkProof(second.envelope, { messageId: 'nonsense' })).rejects.toMatchObject({
      code: 'ERR_MESSAGE_ID',
    })
  })

  it('of a direct message holds for anybody, and shows it to who has its secret', async () => {
    const channel = inboxChannel(seededSigner('bob').pastelId)
    const writer = new LogWriter({ identity: 'alice', channel })
    const { envelope } = await writer.write()
    const sealed = await checkProof(envelope)
    expect(sealed).toMatchObject({ isValid: true })
    expect(sealed.messages).toBeUndefined()
    expect(sealed.checks).toContainEqual(expect.objectContaining({ name: 'messages', result: 'open' }))
    const { secret } = writer
    if (secret === undefined) throw new Error('not sealed')
    expect(await checkProof(envelope, { secret })).toMatchObject({ isValid: true, messages: [{}] })
    expect(Object.keys(await failures(envelope, { secret: new Uint8Array(64) }))).toEqual(['messages'])
  })

  it('says that the batch before it is another one', async () => {
    for (const predecessor of [ofOther.envelope, second.envelope]) {
      expect(await failures(second.envelope, { predecessor })).toEqual({
        predecessor: expect.stringContaining('it names another one than the one that is there'),
      })
    }
  })
})
