import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { crowdedOut, MAX_UNCERTIFIED } from '../src/connection/uncertified-pool.ts'

function from(host: number, port: number) {
  return { connection: { remoteAddr: multiaddr(`/ip4/192.0.2.${host}/tcp/${port}`) } }
}

test('nobody has to go while there is room', () => {
  expect(crowdedOut(Array.from({ length: MAX_UNCERTIFIED }, (_, i) => from(1, i + 1)))).toBeUndefined()
})

test('the host with most connections loses its oldest, whoever came last', () => {
  const honest = [from(7, 1), from(8, 1)]
  const flood = Array.from({ length: MAX_UNCERTIFIED - 2 }, (_, i) => from(1, i + 1))
  expect(crowdedOut([...honest, ...flood, from(9, 1)])).toBe(flood[0])
})
