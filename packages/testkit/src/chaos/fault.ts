/** What happens to a member's process or disk. */
export type MemberFaultKind = 'kill' | 'pause' | 'stop' | 'away' | 'clock' | 'copy' | 'restore' | 'disk'
/** What happens to the links between two groups of members, in both directions. */
export type LinkFaultKind = 'cut' | 'silence' | 'delay' | 'throttle' | 'loss'

export type FaultKind = MemberFaultKind | LinkFaultKind

interface FaultBase {
  /** When it begins, in ms after the members were ready; not before what was done to the member earlier is over. */
  readonly atMs: number
  readonly durationMs: number
}

/**
 * - `kill`: SIGKILL, started again after `durationMs`
 * - `pause`: SIGSTOP, then SIGCONT
 * - `stop`: stopped in good order, started again
 * - `away`: the same, or killed, for a large part of the run
 * - `clock`: restarted with a clock that is `amount` ms ahead (negative: behind), then restarted with the right one
 * - `copy`: stopped, its data folder copied, started again
 * - `restore`: ended, its data folder replaced by the copy, started again
 * - `disk`: its disk is filled to the last byte, then freed
 */
export interface MemberFault extends FaultBase {
  readonly kind: MemberFaultKind
  readonly member: number
  readonly amount?: number
}

/**
 * - `cut`: connections are reset, new ones refused
 * - `silence`: connections stay, and nothing comes through
 * - `delay`: `amount` ms in each direction
 * - `throttle`: `amount` bytes a second in each direction
 * - `loss`: `amount` of 1 of what is sent comes only when it is sent again, as TCP does
 */
export interface LinkFault extends FaultBase {
  readonly kind: LinkFaultKind
  readonly between: readonly [readonly number[], readonly number[]]
  readonly amount?: number
}

export type Fault = MemberFault | LinkFault

export function isLinkFault(fault: Fault): fault is LinkFault {
  return 'between' in fault
}

/** For the log of a run; members count from 1. */
export function describeFault(fault: Fault): string {
  const amount = fault.amount === undefined ? '' : ` ${fault.amount}`
  const names = (members: readonly number[]) => members.map((member) => member + 1).join(',')
  const where = isLinkFault(fault)
    ? `between ${names(fault.between[0])} and ${names(fault.between[1])}`
    : `member ${fault.member + 1}`
  return `${fault.kind}${amount} ${where} for ${(fault.durationMs / 1000).toFixed(1)} s`
}
