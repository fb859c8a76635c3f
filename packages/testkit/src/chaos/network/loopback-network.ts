import { freePort } from '../../mesh/free-port.ts'
import type { LinkFault } from '../fault.ts'
import { Random } from '../random.ts'
import type { ChaosNetwork, MemberPlace } from './chaos-network.ts'
import { LinkRelay } from './link-relay.ts'
import { addressOfMember, memberOfAddress } from './own-address.ts'

const HOST = '127.0.0.1'

/** Members on this machine's loopback; all their links pass through a relay in this process. */
export class LoopbackNetwork implements ChaosNetwork {
  readonly #relay: LinkRelay

  constructor({ seed }: { readonly seed: number }) {
    this.#relay = new LinkRelay({ memberOf: memberOfAddress }, { random: new Random(seed) })
  }

  async join(member: number): Promise<MemberPlace> {
    const port = await freePort()
    const relayPort = await this.#relay.listen(member, { host: HOST, port: 0 }, { host: HOST, port })
    return {
      listen: `/ip4/${HOST}/tcp/${port}`,
      announce: `/ip4/${HOST}/tcp/${relayPort}`,
      connectFrom: addressOfMember(member),
      launcher: [],
    }
  }

  async setFaults(faults: readonly LinkFault[]): Promise<void> {
    this.#relay.setFaults(faults)
  }

  close(): Promise<void> {
    return this.#relay.close()
  }
}
