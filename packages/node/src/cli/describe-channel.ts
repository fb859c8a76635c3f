import type { MeshAlert } from '@pastel-mesh/sdk-node'

/** The topic of a channel, or that it is an inbox. */
export function describeChannel(channel: MeshAlert['channel']): string {
  return channel.kind === 'topic' ? channel.topic : 'an inbox'
}
