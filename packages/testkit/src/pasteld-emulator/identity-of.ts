import { createECDH, createHash, randomBytes } from 'node:crypto'
import { ED448_SEED_BYTES, encodePastelId, type PastelId, publicKeyFromSeed } from '@pastel-mesh/identity'
import { MASTERNODE_KEY_PREFIX, PASSPHRASE_PREFIX } from '../secrets.ts'
import type { MasternodeFields } from './options.ts'

/** Who a masternode is: the same for the same seed, but for what is secret and was kept from an earlier start. */
export interface MasternodeIdentity {
  readonly name: string
  /** `txid-n` */
  readonly outpoint: string
  /** Uncompressed secp256k1, hex. */
  readonly publicKey: string
  readonly masternodePrivateKey: string
  readonly payee: string
  readonly pastelId: PastelId
  /** What the core gives as the public post-quantum key: of the right shape, and of no key. Takes a while to make. */
  readonly legRoastKey: () => string
  readonly pastelIdSeed: Uint8Array
  readonly fields: MasternodeFields
}

/** The port of a core's peers, for the invented addresses. */
const PEER_PORT = 19_933
const LEGROAST_PREFIX = Uint8Array.of(0x51, 0xde)
const LEGROAST_BYTES = 4096
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export function identityOf(
  seed: number,
  index: number,
  fields: Partial<MasternodeFields> = {},
): MasternodeIdentity {
  const derive = (what: string, sizeBytes: number) =>
    createHash('shake256', { outputLength: sizeBytes }).update(`${seed}/${what}/${index}`).digest()
  const pastelIdSeed = new Uint8Array(derive('pastelid', ED448_SEED_BYTES))
  const pastelId = encodePastelId(publicKeyFromSeed(pastelIdSeed))
  const masternodeKey = createECDH('secp256k1')
  masternodeKey.setPrivateKey(derive('masternode key', 32))
  // A private network's address, which leads nowhere.
  const host = `10.${77 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`
  return {
    name: `supernode-${index + 1}`,
    outpoint: `${derive('collateral', 32).toString('hex')}-${index % 3}`,
    publicKey: masternodeKey.getPublicKey('hex', 'uncompressed'),
    masternodePrivateKey: `${MASTERNODE_KEY_PREFIX}${derive('private key', 12).toString('hex')}`,
    payee: `Pt${base58(derive('payee', 40)).slice(0, 33)}`,
    pastelId,
    legRoastKey: () => base58Check(Buffer.concat([LEGROAST_PREFIX, derive('legroast', LEGROAST_BYTES)])),
    pastelIdSeed,
    fields: {
      status: 'ENABLED',
      protocolVersion: 170_009,
      ipPort: `${host}:${PEER_PORT}`,
      extAddress: `${host}:14444`,
      extP2P: `${host}:14445`,
      extKey: pastelId,
      extCfg: '',
      eligibleForMining: true,
      isListed: true,
      isMasternode: true,
      isSynced: true,
      warning: '',
      ...fields,
    },
  }
}

/** Of one key: random, so that whoever greps for one finds that one only. */
export function makePassphrase(): string {
  return `${PASSPHRASE_PREFIX}${randomBytes(12).toString('hex')}`
}

function base58Check(payload: Uint8Array): string {
  const once = createHash('sha256').update(payload).digest()
  const checksum = createHash('sha256').update(once).digest().subarray(0, 4)
  return base58(Buffer.concat([payload, checksum]))
}

/** Of bytes that begin with none that is zero. The library's refuses what is as long as a post-quantum key. */
function base58(bytes: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (rest > 0n) {
    text = `${BASE58[Number(rest % 58n)]}${text}`
    rest /= 58n
  }
  return text
}
