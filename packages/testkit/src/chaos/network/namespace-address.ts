/** Where every member listens, and under which port it is reached. */
export const MEMBER_PORT = 4001
/** Of all addresses here. */
export const SUBNET_BITS = 23

const OWN_PREFIX = '10.77.0.'
const STAND_IN_PREFIX = '10.77.1.'

/** A member's own address, which nobody but the relay uses. */
export function ownAddress(member: number): string {
  return `${OWN_PREFIX}${member + 1}`
}

/** The relay's address that stands for a member: others reach it there, and it comes to them from there. */
export function standInAddress(member: number): string {
  return `${STAND_IN_PREFIX}${member + 1}`
}

/** @returns the member whose own address that is; -1: none's */
export function memberOfOwnAddress(address: string): number {
  const at = address.indexOf(OWN_PREFIX)
  return at < 0 ? -1 : Number(address.slice(at + OWN_PREFIX.length)) - 1
}
