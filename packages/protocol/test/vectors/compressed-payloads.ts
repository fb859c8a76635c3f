import { openPayload } from '../../src/index.ts'
import { compressRuns } from '../zstd-frames.ts'
import { type Json, toJson, unhex } from './json.ts'
import { payloadOf } from './payloads.ts'

const prices = Array.from({ length: 8 }, (_, i) => ({
  type: 'price.update',
  json: { pair: 'PSL/USD', price: `0.00${42 + i}`, sources: ['node-7', 'node-8'] },
}))

/** Frames are written down, not made: another version of zstd would make others of the same content. */
const FRAMES = {
  'by the fastest level of zstd 1.5.7': [
    '28b52ffd60e00165040044060a5a0a0c70726963652e75706461746510021a417b2270616972223a2250534c2f555344222c22223a',
    '22302e30303432222c22736f7572636573223a5b226e6f64652d37222c38225d7d2080d095ffbc313381348235833684378538863987',
    'd095ffbc311000601483f3c0c80c4e01e3199c0c8c62701e1899c129603c8393c128f285e3674177d3aa27',
  ].join(''),
  'by level 19': [
    '28b52ffd60e00145040044060a5a0a0c70726963652e75706461746510021a417b2270616972223a2250534c2f555344222c22223a',
    '22302e30303432222c22736f7572636573223a5b226e6f64652d37222c38225d7d2080d095ffbc313381348235833684378538863987',
    'd095ffbc3110a810d879d7bb01b0d36203101a23feff6bf17cbda1dfb41a08f9646c5aed0dd832',
  ].join(''),
}

/** A payload of eight messages, compressed. */
export const COMPRESSED = { count: prices.length, frame: FRAMES['by the fastest level of zstd 1.5.7'] }

export function makeCompressedPayloads(): Json {
  const payload = payloadOf(prices)
  const byZstd = Object.entries(FRAMES).map(([name, frame]) => ({
    name,
    frame: unhex(frame),
    payload,
    count: 8,
  }))
  const run = payloadOf([{ text: 'a'.repeat(600) }])
  const byHand = {
    name: 'by hand, of blocks that need no compressor',
    frame: compressRuns(run),
    payload: run,
    count: 1,
  }
  const made = [...byZstd, byHand]
  for (const { frame, count } of made) openPayload({ encoding: 1, payload: frame, count })
  return toJson(made)
}
