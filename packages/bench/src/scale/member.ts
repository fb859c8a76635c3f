import { prepareMeshMember } from './mesh-member.ts'
import type { Kind } from './protocol.ts'
import { prepareStrictSignMember } from './strict-sign-member.ts'

/** The topic of the benchmark. */
export const TOPIC = 'bench'
export const NETWORK = 'bench'

/** One of the processes. */
export interface Member {
  /** Empty where there are none. */
  readonly pastelId: string
  /** @returns the address under which others reach it */
  start(bootstrap: readonly string[]): Promise<string>
  peers(): number
  /** Others that are known to carry the topic. */
  subscribers(): number
  /** Members that are known, connected or not. */
  known(): number
  /** Resolves when the messages are on this node's disk. */
  publish(bodies: readonly Uint8Array[]): Promise<void>
  /** Messages of others that are on this node's disk. */
  delivered(): number
  sent(): Record<string, number>
  duplicates(): number
  verifications(): number
  stop(): Promise<void>
}

export function prepareMember(kind: Kind, directory: string): Promise<Member> {
  return kind === 'mesh' ? prepareMeshMember(directory) : prepareStrictSignMember(directory)
}
