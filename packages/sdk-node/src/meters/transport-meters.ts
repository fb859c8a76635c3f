import { GossipsubMeters } from './gossipsub-meters.ts'
import { Libp2pMeters } from './libp2p-meters.ts'
import type { Meter } from './meter.ts'

/** What the transport of one node counts. */
export class TransportMeters {
  readonly libp2p = new Libp2pMeters()
  readonly gossipsub = new GossipsubMeters()

  /** As it is now. */
  async read(): Promise<Meter[]> {
    return [...(await this.libp2p.read()), ...this.gossipsub.read()]
  }
}
