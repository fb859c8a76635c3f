import type { LinkFault } from '../fault.ts'
import type { ChaosNetwork, MemberPlace } from './chaos-network.ts'
import { enterArguments, Namespace, runIn } from './namespace.ts'
import { MEMBER_PORT, ownAddress, SUBNET_BITS, standInAddress } from './namespace-address.ts'
import { filterRules, rateRules } from './packet-rules.ts'
import { RelayProcess } from './relay-process.ts'

export interface NamespaceNetworkOptions {
  readonly seed: number
  readonly members: number
}

const BRIDGE = 'bridge0'
const MEMBER_DEVICE = 'eth0'

/**
 * Members in network namespaces of their own, each on one end of a veth pair; the other ends are on a bridge in one
 * more namespace, where a relay stands for each member before the others. There nftables drops and refuses packets,
 * and tc holds them back; only delays are the relay's. Nothing has a name outside, so runs do not meet, and all of it
 * is gone with its processes.
 */
export class NamespaceNetwork implements ChaosNetwork {
  readonly #members: number
  readonly #relay: RelayProcess
  readonly #namespaces: Namespace[] = []
  /** Rates that hold, by member. */
  readonly #rates: string[] = []

  /** @throws Error if namespaces cannot be made */
  static async open({ seed, members }: NamespaceNetworkOptions): Promise<NamespaceNetwork> {
    const network = new NamespaceNetwork(members, new RelayProcess({ seed }))
    try {
      await network.#makeBridge()
      return network
    } catch (error) {
      await network.close()
      throw error
    }
  }

  private constructor(members: number, relay: RelayProcess) {
    this.#members = members
    this.#relay = relay
  }

  async join(member: number): Promise<MemberPlace> {
    const namespace = await Namespace.open()
    this.#namespaces.push(namespace)
    const device = deviceOf(member)
    // One packet is one packet: otherwise dozens would be lost together.
    this.#ip(`
      link add ${device} type veth peer name ${MEMBER_DEVICE} netns ${namespace.pid}
      link set ${device} master ${BRIDGE} gso_max_segs 1
      link set ${device} up
      addr add ${standInAddress(member)}/${SUBNET_BITS} dev ${BRIDGE}`)
    runIn(
      namespace.pid,
      ['ip', '-batch', '-'],
      `link set lo up
       addr add ${ownAddress(member)}/${SUBNET_BITS} dev ${MEMBER_DEVICE}
       link set ${MEMBER_DEVICE} gso_max_segs 1
       link set ${MEMBER_DEVICE} up\n`,
    )
    await this.#relay.ask({ type: 'listen', member })
    return {
      listen: `/ip4/${ownAddress(member)}/tcp/${MEMBER_PORT}`,
      announce: `/ip4/${standInAddress(member)}/tcp/${MEMBER_PORT}`,
      launcher: ['nsenter', ...enterArguments(namespace.pid)],
    }
  }

  async setFaults(faults: readonly LinkFault[]): Promise<void> {
    runIn(this.#relay.pid, ['nft', '-f', '-'], filterRules(faults, this.#members))
    for (let member = 0; member < this.#members; member += 1) this.#setRates(faults, member)
    await this.#relay.ask({ type: 'faults', faults: faults.filter(({ kind }) => kind === 'delay') })
  }

  async close(): Promise<void> {
    await this.#relay.close()
    for (const namespace of this.#namespaces) await namespace.close()
  }

  async #makeBridge(): Promise<void> {
    await this.#relay.ready()
    this.#ip(`
      link set lo up
      link add ${BRIDGE} type bridge
      link set ${BRIDGE} up`)
  }

  #setRates(faults: readonly LinkFault[], member: number): void {
    const device = deviceOf(member)
    const rates = rateRules(faults, member, this.#members, device)
    const before = this.#rates[member] ?? ''
    if (rates === before) return
    const clear = before === '' ? '' : `qdisc del dev ${device} root\n`
    runIn(this.#relay.pid, ['tc', '-batch', '-'], `${clear}${rates}`)
    this.#rates[member] = rates
  }

  #ip(lines: string): void {
    runIn(this.#relay.pid, ['ip', '-batch', '-'], `${lines.trim()}\n`)
  }
}

function deviceOf(member: number): string {
  return `member${member + 1}`
}
