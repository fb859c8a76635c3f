import { createHash } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import { describe, expect, test } from 'vitest'
import { decodeKeyContainer, KEY_FILE_MAX_BYTES } from '../src/key-container.ts'
import { quickKeyFile, readQuickly, seed } from './quick-key-file.ts'

const sound = decodeKeyContainer(await quickKeyFile(), 'key')

const item = { type: 'pkey_ed448', nonce: new Uint8Array(24), data: new Uint8Array(73) }
const legroast = { type: 'pkey_legroast', nonce: new Uint8Array(24), data: new Uint8Array(32) }
const publicMap = { version: 1, public_items: [] as unknown }
const secureMap = {
  version: 1,
  timestamp: 1_700_000_000 as unknown,
  encryption: 'xchacha20-poly1305' as unknown,
  secure_items: [item] as unknown,
}

/** A container whose checksum is right, whatever its parts are. */
function container(publicPart: Uint8Array, securePart: Uint8Array): Uint8Array {
  const once = createHash('sha256').update(publicPart).digest()
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(publicPart.length))
  const hash = createHash('sha256').update(once).digest()
  return Buffer.concat([Buffer.from('PastelSecureContainer'), size, hash, publicPart, securePart])
}

const withSecure = (value: unknown) => container(encode(publicMap), encode(value))
const withPublic = (value: unknown) => container(encode(value), encode(secureMap))
const withBytes = (hex: string, more = 0) =>
  container(encode(publicMap), Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(more, 0x81)]))
const without = (key: string) =>
  Object.fromEntries(Object.entries(secureMap).filter(([name]) => name !== key))

/** With a size that would be taken for another one if it were read as a smaller number. */
function withSize(size: bigint): Uint8Array {
  const bytes = Buffer.from(withSecure(secureMap))
  bytes.writeBigUInt64BE(size, 21)
  return bytes
}

describe('ERR_KEY_FILE_DAMAGED for', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['a public size beyond the file', withSize(2n ** 20n), /public part is not whole/],
    ['the largest public size', withSize(2n ** 64n - 1n), /public part is not whole/],
    ['a public size above 2^32 whose low half is right', withSize(2n ** 32n + 23n), /not whole/],
    ['no public part', container(new Uint8Array(), encode(secureMap)), /ends too early/],
    ['no secure part', container(encode(publicMap), new Uint8Array()), /ends too early/],
    ['a public part that is a list', withPublic([1]), /something else where a map/],
    ['a public part that is nil', withPublic(null), /something else where a map/],
    ['a secure part that is binary', withSecure(new Uint8Array(9)), /something else where a map/],
    ['another version of the public part', withPublic({ ...publicMap, version: 2 }), /version is not 1/],
    ['another version of the secure part', withSecure({ ...secureMap, version: 0 }), /version is not 1/],
    ['a version that is a text', withSecure({ ...secureMap, version: '1' }), /version is not 1/],
    ['no list of public items', withPublic({ version: 1 }), /no list of items/],
    ['a map of public items', withPublic({ ...publicMap, public_items: {} }), /no list of items/],
    [
      'a public item of an unknown kind',
      withPublic({ ...publicMap, public_items: [{ type: 'x', data: item.data }] }),
      /unknown kind/,
    ],
    [
      'a public item that is a text',
      withPublic({ ...publicMap, public_items: [{ type: 'pubkey_legroast', data: 'x' }] }),
      /not binary/,
    ],
    ['no timestamp', withSecure(without('timestamp')), /no timestamp/],
    ['half a second', withSecure({ ...secureMap, timestamp: 1.5 }), /0xcb\) that does not belong/],
    [
      'a timestamp beyond exact numbers',
      withBytes('82a776657273696f6e01a974696d657374616d70cfffffffffffffffff'),
      /no timestamp/,
    ],
    ['another encryption', withSecure({ ...secureMap, encryption: 'none' }), /encryption is not/],
    ['no encryption', withSecure(without('encryption')), /encryption is not/],
    ['no secure items', withSecure(without('secure_items')), /no list of items/],
    ['secure items that are nil', withSecure({ ...secureMap, secure_items: null }), /no key of a PastelID/],
    ['an empty list of secure items', withSecure({ ...secureMap, secure_items: [] }), /no key of a PastelID/],
    ['a LegRoast key alone', withSecure({ ...secureMap, secure_items: [legroast] }), /no key of a PastelID/],
    [
      'two keys of a PastelID',
      withSecure({ ...secureMap, secure_items: [item, item] }),
      /two items of the kind/,
    ],
    [
      'a secure item of an unknown kind',
      withSecure({ ...secureMap, secure_items: [item, { ...item, type: 'wallet' }] }),
      /unknown kind/,
    ],
    [
      'a kind that every object has',
      withSecure({ ...secureMap, secure_items: [{ ...item, type: 'constructor' }] }),
      /unknown kind/,
    ],
    [
      'a secure item that is nil',
      withSecure({ ...secureMap, secure_items: [null] }),
      /something else where a map/,
    ],
    [
      'a short nonce',
      withSecure({ ...secureMap, secure_items: [{ ...item, nonce: new Uint8Array(23) }] }),
      /nonce of an item has 23/,
    ],
    [
      'a nonce that is a text',
      withSecure({ ...secureMap, secure_items: [{ ...item, nonce: 'x'.repeat(24) }] }),
      /not binary/,
    ],
    [
      'a short secret',
      withSecure({ ...secureMap, secure_items: [{ ...item, data: new Uint8Array(72) }] }),
      /data of an item has 72/,
    ],
    [
      'a long LegRoast secret',
      withSecure({ ...secureMap, secure_items: [item, { ...legroast, data: new Uint8Array(33) }] }),
      /data of an item has 33/,
    ],
    ['a key twice', withBytes('82a776657273696f6e01a776657273696f6e01'), /a key twice/],
    ['the key __proto__', withBytes('81a95f5f70726f746f5f5f80'), /__proto__/],
    ['a key that is a number', withBytes('810101'), /key that is no text/],
    ['a text that is not UTF-8', withBytes('81a1ff01'), /its secure part cannot be read/],
    ['an extension', withBytes('d40000'), /0xd4\) that does not belong/],
    ['the byte that means nothing', withBytes('c1'), /0xc1\) that does not belong/],
    ['a list of four milliards', withBytes('ddffffffff'), /4294967295 entries/],
    ['a map of four milliards', withBytes('dfffffffff'), /4294967295 entries/],
    ['four gigabytes of binary', withBytes('c6ffffffff'), /ends too early/],
    ['four gigabytes of text', withBytes('dbffffffff'), /text of 4294967295 bytes/],
    ['a long key', withSecure({ ['k'.repeat(65)]: 1 }), /text of 65 bytes/],
    ['nesting without end', container(encode(publicMap), Buffer.alloc(20_000, 0x91)), /nested more than/],
    ['nested maps without end', withBytes(`81a0${'81a0'.repeat(5000)}`), /nested more than/],
    ['something behind it', Buffer.concat([withSecure(secureMap), Buffer.of(0xc0)]), /bytes behind its end/],
    [
      'more than a file may have',
      container(encode(publicMap), Buffer.alloc(KEY_FILE_MAX_BYTES + 1)),
      /has more than/,
    ],
  ])('%s', (_what, bytes, reason) => {
    expect(() => decodeKeyContainer(bytes, 'key')).toThrow(
      expect.objectContaining({ code: 'ERR_KEY_FILE_DAMAGED', message: expect.stringMatching(reason) }),
    )
  })
})

describe('still a key file:', () => {
  const [own] = sound.secureItems
  const secure = { ...secureMap, secure_items: [own] }
  test.each<[string, Uint8Array]>([
    [
      'with nil instead of no public items',
      container(encode({ ...publicMap, public_items: null }), encode(secure)),
    ],
    [
      'with keys that are not known',
      container(encode({ ...publicMap, more: [1, 'x'] }), encode({ ...secure, more: null })),
    ],
    [
      'with its keys in another order',
      container(
        encode({ public_items: [], version: 1 }),
        encode(Object.fromEntries(Object.entries(secure).reverse())),
      ),
    ],
    ['from before 1970', container(encode(publicMap), encode({ ...secure, timestamp: -5 }))],
  ])('%s', async (_what, bytes) => {
    expect(await readQuickly(bytes)).toEqual(seed)
  })
})
