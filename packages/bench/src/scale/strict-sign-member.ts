import { createStrictSignNode, type StrictSignNode } from '../strict-sign-node.ts'
import type { Member } from './member.ts'

/** Gossipsub as it comes, connected to whom it is told. */
export async function prepareStrictSignMember(directory: string): Promise<Member> {
  let node: StrictSignNode | undefined
  let stored = 0
  const running = () => {
    if (node === undefined) throw new Error('the node was not started')
    return node
  }
  return {
    pastelId: '',
    async start(bootstrap) {
      node = await createStrictSignNode({
        directory,
        onStored: () => {
          stored += 1
        },
      })
      for (const address of bootstrap) await node.connect(address)
      return node.address()
    },
    peers: () => running().peers(),
    subscribers: () => running().subscribers(),
    known: () => running().peers(),
    async publish(bodies) {
      const writes: Promise<void>[] = []
      for (const body of bodies) {
        writes.push(running().store(body))
        await running().send(body)
      }
      await Promise.all(writes)
    },
    delivered: () => stored,
    sent: () => ({}),
    duplicates: () => 0,
    verifications: () => 0,
    async stop() {
      await node?.stop()
    },
  }
}
