import { expect, test } from 'vitest'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { openOutbound, texts } from './fixtures/outbound.ts'

test('refuses messages above the bound, and takes them again when there is room', async () => {
  const signer = new GatedSigner()
  const { pipeline, publish, store } = await openOutbound({ signer })
  signer.hold()
  const groups: Promise<unknown>[] = []
  for (let i = 0; i < 64; i += 1) groups.push(pipeline.accept('topic/test', texts(1024)))
  await expect(publish({ text: 'one too many' })).rejects.toMatchObject({ code: 'ERR_OUTBOUND_FULL' })
  await expect(publish({ text: 'one too many' }, 'topic/other')).rejects.toMatchObject({
    code: 'ERR_OUTBOUND_FULL',
  })
  signer.letGo()
  await groups[0]
  await publish({ text: 'room again' })
  await Promise.all(groups)
  expect(store.end).toBe(65_537)
})

test('bounds the bytes as well, and frees them when messages are refused', async () => {
  const signer = new GatedSigner()
  const { publish } = await openOutbound({ signer })
  const bytes = new Uint8Array(250 * 1024)
  for (let round = 0; round < 2; round += 1) {
    signer.hold()
    const publishing: Promise<unknown>[] = []
    for (let i = 0; i < 250; i += 1) publishing.push(publish({ bytes }))
    const settled = Promise.allSettled(publishing)
    const full = Array.from({ length: 20 }, () => publish({ bytes }))
    const codes = (await Promise.allSettled(full.slice(-1))).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason.code : 'accepted',
    )
    expect(codes).toEqual(['ERR_OUTBOUND_FULL'])
    signer.fail(1)
    signer.letGo()
    await Promise.allSettled([settled, ...full])
  }
  await publish({ bytes })
})

test('a group that does not fit is refused as a whole', async () => {
  const { pipeline, store } = await openOutbound()
  await expect(pipeline.accept('topic/test', texts(65_537))).rejects.toMatchObject({
    code: 'ERR_OUTBOUND_FULL',
  })
  expect(store.end).toBe(0)
})
