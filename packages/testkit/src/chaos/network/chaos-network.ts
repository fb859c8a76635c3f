import type { LinkFault } from '../fault.ts'

/** Where a member is in its network, and how its process gets there. */
export interface MemberPlace {
  /** Multiaddr. */
  readonly listen: string
  /** Multiaddr under which the others reach it. */
  readonly announce: string
  /** The address that its connections are to come from; absent: they do so by themselves. */
  readonly connectFrom?: string
  /** The program, and its arguments, through which its process is started; empty: none. */
  readonly launcher: readonly string[]
}

/** What connects the members of a run, so that every link between two of them can be spoilt. */
export interface ChaosNetwork {
  /** @param member counts from 0; each joins once */
  join(member: number): Promise<MemberPlace>
  /** From now on just these faults spoil links. */
  setFaults(faults: readonly LinkFault[]): Promise<void>
  close(): Promise<void>
}

/** Whether a fault is about the links between two members. */
export function concerns({ between: [one, other] }: LinkFault, a: number, b: number): boolean {
  return (one.includes(a) && other.includes(b)) || (one.includes(b) && other.includes(a))
}
