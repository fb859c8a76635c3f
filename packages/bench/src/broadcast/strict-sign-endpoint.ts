import { waitUntil } from '@pastel-mesh/testkit'
import { createStrictSignNode } from '../strict-sign-node.ts'
import type { Endpoint } from './endpoint.ts'
import type { Job } from './variants.ts'

/** Gossipsub as it comes, one signature a message, with our group commit under it. */
export async function strictSignEndpoint({ directory }: Job): Promise<Endpoint> {
  let stored = 0
  let check = () => {}
  const node = await createStrictSignNode({
    directory,
    onStored: () => {
      stored += 1
      check()
    },
  })
  return {
    address: () => node.address(),
    async connect(address) {
      await node.connect(address)
      await waitUntil(() => node.subscribers() > 0, { what: 'the receiver to subscribe' })
    },
    async publish(bodies) {
      // As our node does: on the publisher's own disk first, while the next ones are being signed.
      const writes: Promise<void>[] = []
      for (const body of bodies) {
        writes.push(node.store(body))
        await node.send(body)
      }
      await Promise.all(writes)
    },
    received(count) {
      return new Promise((resolve) => {
        check = () => {
          if (stored >= count) resolve()
        }
        check()
      })
    },
    stop: () => node.stop(),
  }
}
