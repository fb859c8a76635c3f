import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LinkFault } from '../fault.ts'
import type { Random } from '../random.ts'
import { concerns } from './chaos-network.ts'

/** What TCP waits before it sends again what was lost; twice as long each time. */
const RETRANSMIT_MS = 200
const MAX_RETRANSMITS = 4

export interface LinkRelayOptions {
  /** @returns the member that connects from an address; -1: none */
  readonly memberOf: (address: string) => number
  /** @returns the address from which connections of a member go on; @default whatever the system takes */
  readonly sourceOf?: (member: number) => string
}

export interface LinkRelayComponents {
  readonly random: Random
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

interface Link {
  readonly from: number
  readonly to: number
  readonly sockets: readonly [Socket, Socket]
}

/** What is wrong with a link now. */
interface Condition {
  readonly isCut: boolean
  readonly isSilent: boolean
  readonly delayMs: number
  readonly bytesPerSecond: number
  readonly loss: number
}

/**
 * Stands between members: each is reached by others through an address of its own here, and who comes shows by its
 * address. So a link can be cut, silenced, delayed, throttled or made lossy, and nothing of it needs privileges.
 */
export class LinkRelay {
  readonly #options: LinkRelayOptions
  readonly #random: Random
  readonly #servers: Server[] = []
  readonly #links = new Set<Link>()
  #faults: readonly LinkFault[] = []
  #changed = Promise.withResolvers<void>()

  constructor(options: LinkRelayOptions, { random }: LinkRelayComponents) {
    this.#options = options
    this.#random = random
  }

  /**
   * @param at where others are to reach a member; port 0: one that is free
   * @param target where it listens
   * @returns the port under which they do
   */
  async listen(member: number, at: Endpoint, target: Endpoint): Promise<number> {
    const server = createServer((socket) => this.#accept(socket, member, target))
    this.#servers.push(server)
    server.listen(at.port, at.host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** From now on just these faults spoil links. */
  setFaults(faults: readonly LinkFault[]): void {
    this.#faults = faults
    for (const link of this.#links) if (this.#conditionOf(link).isCut) destroy(link)
    this.#change()
  }

  async close(): Promise<void> {
    for (const link of this.#links) destroy(link)
    this.#change()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  #accept(inbound: Socket, to: number, target: Endpoint): void {
    const from = this.#options.memberOf(inbound.remoteAddress ?? '')
    const source = this.#options.sourceOf?.(from)
    const outbound = connect({ ...target, ...(source === undefined ? {} : { localAddress: source }) })
    const link: Link = { from, to, sockets: [inbound, outbound] }
    for (const socket of link.sockets) {
      // A member that was killed resets its connections.
      socket.on('error', () => destroy(link))
      socket.on('close', () => {
        destroy(link)
        this.#links.delete(link)
        this.#change()
      })
    }
    this.#links.add(link)
    if (this.#conditionOf(link).isCut) {
      destroy(link)
      return
    }
    void this.#carry(link, inbound, outbound)
    void this.#carry(link, outbound, inbound)
  }

  /** One direction; what cannot be carried on stays where it comes from, which so slows down. */
  async #carry(link: Link, source: Socket, sink: Socket): Promise<void> {
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        await this.#hold(link, chunk.length)
        if (sink.destroyed) return
        if (!sink.write(chunk)) await Promise.race([once(sink, 'drain'), once(sink, 'close')])
      }
      sink.end()
    } catch {
      destroy(link)
    }
  }

  async #hold(link: Link, sizeBytes: number): Promise<void> {
    let condition = this.#conditionOf(link)
    while (condition.isSilent && !link.sockets[0].destroyed) {
      await this.#changed.promise
      condition = this.#conditionOf(link)
    }
    let heldMs = condition.delayMs + (1000 * sizeBytes) / condition.bytesPerSecond
    for (let i = 0; i < MAX_RETRANSMITS && this.#random.next() < condition.loss; i += 1) {
      heldMs += RETRANSMIT_MS * 2 ** i
    }
    if (heldMs >= 1) await delay(heldMs)
  }

  #conditionOf({ from, to }: Link): Condition {
    let condition = {
      isCut: false,
      isSilent: false,
      delayMs: 0,
      bytesPerSecond: Number.POSITIVE_INFINITY,
      loss: 0,
    }
    for (const fault of this.#faults) {
      if (!concerns(fault, from, to)) continue
      const { kind, amount = 0 } = fault
      if (kind === 'cut') condition = { ...condition, isCut: true }
      else if (kind === 'silence') condition = { ...condition, isSilent: true }
      else if (kind === 'delay') condition = { ...condition, delayMs: condition.delayMs + amount }
      else if (kind === 'loss') condition = { ...condition, loss: Math.max(condition.loss, amount) }
      else condition = { ...condition, bytesPerSecond: Math.min(condition.bytesPerSecond, amount) }
    }
    return condition
  }
}

function destroy({ sockets }: Link): void {
  for (const socket of sockets) socket.destroy()
}
