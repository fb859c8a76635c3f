import { lookup } from 'node:dns/promises'
import type { Connection, ConnectionGater, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MeshError } from '@pastel-mesh/identity'
import type { MessageStore } from '@pastel-mesh/storage'
import { type BanTarget, canonicalIp, hostNameOf, ipOf, parseBanTarget } from './ban-target.ts'
import { parseConnectTarget } from './connect-target.ts'
import { cutOff } from './hang-up.ts'

/** Somebody with whom this node has nothing to do. */
export interface Ban extends BanTarget {
  /** In ms since 1970. */
  readonly bannedAtMs: number
  /** When it ends, by the clock, in ms since 1970; absent: it does not end by itself. */
  readonly untilMs?: number
  readonly reason?: string
}

export interface BanOptions {
  /** When it ends, in ms since 1970. @default it does not end by itself */
  readonly untilMs?: number
  /** For the operator: 200 characters at most. */
  readonly reason?: string
}

/** What a ban did. */
export interface Banned extends Ban {
  /** Connections that it ended. */
  readonly connections: number
  /** It was banned already: this is what holds now. */
  readonly isChanged: boolean
}

export interface BansComponents {
  readonly store: Pick<MessageStore, 'values'>
  readonly connections: () => Connection[]
  /** Whose certificate was accepted on a connection. */
  readonly pastelIdOn: (connection: Connection) => string | undefined
  /** Names of this node itself. */
  readonly own: () => readonly string[]
}

/** Bans at once. Each is looked at in a map, and an operator who needs more bans addresses in a firewall. */
export const MAX_BANS = 1_024
export const MAX_BAN_REASON = 200
const PREFIX = 'ban/'
/** A name server that does not answer must not hold up a dial for long: that has its own end. */
const LOOKUP_MS = 3_000

/**
 * Whom the operator has banned: by PastelID, by PeerId, or by IP address. Kept over restarts. Neither end of a
 * connection to them is let through: libp2p asks before a dial, when a connection comes, and when it is encrypted and
 * shows its PeerId; the certificate shows the PastelID. So nothing is heard from them, by gossip or by log sync. What
 * others forward of a member that is banned is taken all the same, for what is taken is decided by the list of members.
 */
export class Bans {
  readonly #components: BansComponents
  /** By target; what was banned later, or anew, stands behind. */
  readonly #bans = new Map<string, Ban>()

  constructor(components: BansComponents) {
    this.#components = components
  }

  /** Reads what was kept. The store is started. */
  async load(): Promise<void> {
    for await (const [name, value] of this.#components.store.values.read(PREFIX)) {
      const ban = decode(value)
      if (ban !== undefined) this.#bans.set(name.slice(PREFIX.length), ban)
    }
  }

  /** Those that hold, the newest first. */
  list(): Ban[] {
    // Of one millisecond, the later one first as well: sorting keeps their order.
    const latestFirst = [...this.#bans.values()].filter(holds).reverse()
    return latestFirst.sort((a, b) => b.bannedAtMs - a.bannedAtMs)
  }

  /** Whether a PastelID, a PeerId or an IP address, in their canonical forms, is banned now. */
  isBanned(name: string): boolean {
    const ban = this.#bans.get(name)
    return ban !== undefined && holds(ban)
  }

  /** Whether somebody at an address is banned because of the address or of the PeerId in it; names are looked up. */
  async isBannedAddress(address: Multiaddr): Promise<boolean> {
    if (this.#isBannedPlace(address)) return true
    const name = hostNameOf(address)
    if (name === undefined || !this.#hasAddresses()) return false
    const timeout = AbortSignal.timeout(LOOKUP_MS)
    const late = new Promise<never>((_, reject) =>
      timeout.addEventListener('abort', () => reject(timeout.reason), { once: true }),
    )
    // Without an answer there is nothing that could be dialled either.
    const found = await Promise.race([lookup(name, { all: true }), late]).catch(() => [])
    return found.some(({ address: ip }) => this.isBanned(canonicalIp(ip)))
  }

  /** The gate of libp2p, in both directions. @param isDenied PeerIds that are banned, or refused for another reason */
  gater(isDenied: (peer: string) => boolean): ConnectionGater {
    const isRefused = (peer: PeerId) => isDenied(peer.toString())
    return {
      // Private addresses are dialled: nodes of one data centre, or of one machine, are normal.
      denyDialMultiaddr: (address: Multiaddr) => this.isBannedAddress(address),
      denyDialPeer: isRefused,
      denyInboundConnection: ({ remoteAddr }) => this.#isBannedPlace(remoteAddr),
      denyInboundEncryptedConnection: isRefused,
      // An address without a PeerId: whose it is shows only now.
      denyOutboundEncryptedConnection: isRefused,
    }
  }

  /**
   * Bans, or says anew until when and why; connections end at once.
   * @throws MeshError ERR_BAN_TARGET, ERR_OWN_BAN, ERR_BAN_TIME, ERR_TOO_MANY_BANS; ERR_BAN_NOT_KEPT: it holds, but
   * only until the node stops
   */
  async ban(text: string, { untilMs, reason }: BanOptions = {}): Promise<Banned> {
    const { kind, target } = parseBanTarget(text)
    const bannedAtMs = Date.now()
    if (this.#components.own().includes(target)) {
      throw new MeshError('ERR_OWN_BAN', `${target} is this node itself`)
    }
    if (untilMs !== undefined && !(untilMs > bannedAtMs)) {
      throw new MeshError('ERR_BAN_TIME', 'a ban ends in the future: give a later time')
    }
    const expired = this.#dropExpired()
    const isChanged = this.#bans.has(target)
    if (!isChanged && this.#bans.size >= MAX_BANS) {
      throw new MeshError(
        'ERR_TOO_MANY_BANS',
        `there are ${MAX_BANS} bans: end some, or ban addresses in a firewall`,
      )
    }
    const ban: Ban = {
      kind,
      target,
      bannedAtMs,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(reason === undefined ? {} : { reason }),
    }
    // At once: what is on its way to the disk would let go on what it is to end.
    this.#bans.delete(target)
    this.#bans.set(target, ban)
    const connections = await this.#cut()
    try {
      await this.#components.store.values.write([
        ...expired.map((name) => ({ name: PREFIX + name })),
        { name: PREFIX + target, value: Buffer.from(JSON.stringify(ban)) },
      ])
    } catch (cause) {
      throw new MeshError(
        'ERR_BAN_NOT_KEPT',
        `${target} is banned until this node stops, but that could not be kept: ${(cause as Error).message}`,
        { cause },
      )
    }
    return { ...ban, connections, isChanged }
  }

  /** @returns the ban that is over @throws MeshError ERR_BAN_TARGET, ERR_UNKNOWN_BAN; StorageError */
  async unban(text: string): Promise<Ban> {
    const { target } = parseBanTarget(text)
    const ban = this.#bans.get(target)
    if (ban === undefined || !holds(ban)) throw new MeshError('ERR_UNKNOWN_BAN', `${target} is not banned`)
    await this.#components.store.values.write([{ name: PREFIX + target }])
    // Unless it was banned anew meanwhile.
    if (this.#bans.get(target) === ban) this.#bans.delete(target)
    return ban
  }

  /** Before a connection that somebody asked for. @throws MeshError ERR_BANNED */
  assertMayConnect(text: string): void {
    const target = parseConnectTarget(text)
    const name = target.kind === 'pastelId' ? target.pastelId : this.#bannedPlace(target.address)
    if (name === undefined || !this.isBanned(name)) return
    throw new MeshError('ERR_BANNED', `${name} is banned at this node: end the ban first`)
  }

  #isBannedPlace(address: Multiaddr): boolean {
    return this.#bannedPlace(address) !== undefined
  }

  /** What of an address is banned. */
  #bannedPlace(address: Multiaddr): string | undefined {
    const [, peer] = /\/p2p\/([^/]+)$/.exec(address.toString()) ?? []
    return [ipOf(address), peer].find((name) => name !== undefined && this.isBanned(name))
  }

  #hasAddresses(): boolean {
    return [...this.#bans.values()].some((ban) => ban.kind === 'address' && holds(ban))
  }

  /** Ends the connections of all who are banned: those to names when they were looked up, the others at once. */
  async #cut(): Promise<number> {
    const { connections, pastelIdOn } = this.#components
    let count = 0
    const cut = (connection: Connection) => {
      count += 1
      cutOff(connection, 'banned')
    }
    const others = connections().filter((connection) => {
      const { remoteAddr, remotePeer } = connection
      const isBanned =
        this.#isBannedPlace(remoteAddr) ||
        [remotePeer.toString(), pastelIdOn(connection)].some(
          (name) => name !== undefined && this.isBanned(name),
        )
      if (isBanned) cut(connection)
      return !isBanned
    })
    await Promise.all(
      others.map(async (connection) => {
        if (await this.isBannedAddress(connection.remoteAddr)) cut(connection)
      }),
    )
    return count
  }

  #dropExpired(): string[] {
    const expired = [...this.#bans].filter(([, ban]) => !holds(ban)).map(([name]) => name)
    for (const name of expired) this.#bans.delete(name)
    return expired
  }
}

function holds({ untilMs }: Ban): boolean {
  return untilMs === undefined || untilMs > Date.now()
}

/** What this program wrote; of what another version wrote, nothing is guessed. */
function decode(value: Buffer): Ban | undefined {
  try {
    const { kind, target, bannedAtMs, untilMs, reason } = JSON.parse(value.toString()) as Ban
    return parseBanTarget(target).kind === kind && Number.isFinite(bannedAtMs)
      ? {
          kind,
          target,
          bannedAtMs,
          ...(typeof untilMs === 'number' ? { untilMs } : {}),
          ...(typeof reason === 'string' ? { reason } : {}),
        }
      : undefined
  } catch {
    return undefined
  }
}
