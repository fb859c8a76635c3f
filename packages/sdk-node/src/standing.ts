import type { PrivateKey } from '@libp2p/interface'
import type { PastelId, Signer } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { TypedEventEmitter } from 'main-event'
import { ClockCheck, type ClockStatus } from './connection/clock-check.ts'
import type { ExchangeWitness } from './connection/exchange-witness.ts'
import type { CertificatePeriod, OwnCertificate } from './connection/own-certificate.ts'
import { type Superseded, Supersession } from './connection/supersession.ts'
import type { MeshNodeEvents, ReceivedMessage, UnsharedOptions } from './index.ts'
import { type FollowMembersComponents, followMembers } from './members/follow-members.ts'
import type { MemberRegistry } from './members/member-registry.ts'
import type { NodeStanding } from './node-standing.ts'
import { pastelIdOf } from './pastel-id-of.ts'
import { countUnshared, type UnsharedComponents, unshared } from './unshared.ts'

export interface StandingOptions {
  readonly network: string
}

export interface StandingComponents {
  readonly signer: Signer
  readonly nodeKey: PrivateKey
  readonly own: OwnCertificate
  readonly registry: MemberRegistry
  readonly store: MessageStore
  /** Whose listeners are told. */
  readonly node: TypedEventEmitter<MeshNodeEvents>
}

type StandingGate = FollowMembersComponents['gate'] & {
  peers(): Iterable<{ readonly pastelId: PastelId }>
}

/** Whether others take what this node publishes: it has its PastelID to itself, and its clock is right. */
export class Standing implements NodeStanding, ExchangeWitness {
  readonly supersession: Supersession
  readonly #clock: ClockCheck
  readonly #own: OwnCertificate
  readonly #self: PastelId
  readonly #registry: MemberRegistry
  #stopFollowing: (() => void) | undefined
  #gate: StandingGate | undefined
  readonly #parts: UnsharedComponents
  readonly #node: TypedEventEmitter<MeshNodeEvents>

  constructor({ network }: StandingOptions, components: StandingComponents) {
    const { signer, nodeKey, own, registry, store, node } = components
    this.#node = node
    this.#own = own
    this.#registry = registry
    this.#parts = { store, own: signer.publicKey }
    this.#self = signer.pastelId
    this.supersession = new Supersession(
      { network, subject: signer.publicKey, nodeKey: nodeKey.publicKey.raw },
      { own, onSuperseded: (by) => void this.#tellSuperseded(by) },
    )
    const isMember = (pastelId: PastelId) => registry.memberAt(pastelId, Date.now()) !== undefined
    const onChange = (detail: ClockStatus) => node.safeDispatchEvent('clock', { detail })
    this.#clock = new ClockCheck(
      {},
      { isMember, isConnected: (pastelId) => this.#isConnected(pastelId), onChange },
    )
  }

  get clock(): ClockStatus {
    return this.#clock.status
  }

  get certificate(): CertificatePeriod | undefined {
    return this.#own.period
  }

  get superseded(): Superseded | undefined {
    return this.supersession.by
  }

  unshared(options: UnsharedOptions): AsyncGenerator<ReceivedMessage> {
    return unshared(this.#parts, options)
  }

  countUnshared(): Promise<number> {
    return countUnshared(this.#parts)
  }

  start(gate: StandingGate, sync: FollowMembersComponents['sync']): void {
    this.#gate = gate
    this.#stopFollowing ??= followMembers(this.#registry, { gate, sync, node: this.#node })
    this.#clock.start()
  }

  stop(): void {
    this.#stopFollowing?.()
    this.#stopFollowing = undefined
    this.#clock.stop()
  }

  shown(certificate: Certificate, peerEpochMs: number): void {
    this.supersession.seen(certificate)
    this.measured(pastelIdOf(certificate.subject), peerEpochMs)
  }

  proof(envelope: Uint8Array): Promise<void> {
    return this.supersession.shown(envelope)
  }

  /** The clock of a peer was measured; undefined: of one that nobody knows. */
  measured(pastelId: PastelId | undefined, peerEpochMs: number): void {
    // A second node with this PastelID may be on the same machine, with the same clock.
    if (pastelId !== undefined && pastelId !== this.#self) this.#clock.heard(pastelId, peerEpochMs)
  }

  /** @throws MeshError ERR_SUPERSEDED, ERR_CLOCK */
  assertGood(): void {
    this.supersession.assertCurrent()
    this.#clock.assertRight()
  }

  #isConnected(pastelId: PastelId): boolean {
    for (const peer of this.#gate?.peers() ?? []) if (peer.pastelId === pastelId) return true
    return false
  }

  async #tellSuperseded(by: Superseded): Promise<void> {
    try {
      const detail = { ...by, unshared: await this.countUnshared() }
      this.#node.safeDispatchEvent('superseded', { detail })
    } catch (error) {
      this.#node.safeDispatchEvent('error', { detail: error as Error })
    }
  }
}
