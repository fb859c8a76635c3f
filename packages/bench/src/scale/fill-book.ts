import { createHash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { dataFolder } from '@pastel-mesh/node'
import { generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore, type ValueChange } from '@pastel-mesh/storage'
import { makeCertificate } from '@pastel-mesh/testkit'
import { NETWORK } from './member.ts'

/** Values of one commit. */
const AT_A_TIME = 256
const DAY_MS = 24 * 60 * 60_000
/** They are elsewhere: nobody dials them. */
const TOPICS = ['elsewhere', 'far/away']

/**
 * Puts certificates of members that there are not into a node's folder, as its address book keeps them: signed by
 * PastelID and node key, with an address, two topics and a sealing key, as those of other nodes are.
 */
export async function fillBook(
  directory: string,
  count: number,
): Promise<{ pastelIds: string[]; certificateBytes: number }> {
  const store = createStore({ directory: dataFolder(directory).database })
  await store.start()
  const pastelIds: string[] = []
  let changes: ValueChange[] = []
  let bytes = 0
  try {
    for (let i = 0; i < count; i += 1) {
      const signer = createLocalSigner(generateSeed())
      const value = await makeCertificate({
        network: NETWORK,
        signer,
        nodeKey: await generateNodeKey(),
        change: {
          // Addresses of the network that is kept for documentation.
          addresses: [multiaddr(`/ip4/198.51.100.${i % 256}/tcp/${7124 + (i >> 8)}`).bytes],
          topics: TOPICS,
          sealingKey: createHash('sha256').update(signer.publicKey).digest(),
          notAfterMs: Date.now() + DAY_MS,
        },
      })
      bytes += value.length
      pastelIds.push(signer.pastelId)
      changes.push({ name: `book/${signer.pastelId}`, value })
      if (changes.length < AT_A_TIME && i < count - 1) continue
      await store.values.write(changes)
      changes = []
    }
  } finally {
    await store.stop()
  }
  return { pastelIds, certificateBytes: Math.round(bytes / count) }
}
