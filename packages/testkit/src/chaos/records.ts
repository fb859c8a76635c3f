/** A message that a member accepted: `number` grows in each channel. */
export interface AcceptedRecord {
  readonly channel: string
  readonly number: number
  /** Of the message; or, where its recipient was not known yet, the one under which it waits. */
  readonly id: string
  /** When, in ms since 1970, by the right clock. */
  readonly atMs: number
}

/** What a member's reader was shown, with the place behind it. */
export type ShownRecord =
  | {
      readonly kind: 'message'
      readonly channel: string
      readonly id: string
      readonly text: string
      readonly isLate: boolean
      readonly cursor: string
    }
  | {
      readonly kind: 'lost' | 'before-history'
      readonly channel: string
      readonly log: string
      readonly first: number
      readonly last: number
      readonly reason: string
      readonly cursor: string
    }
  | { readonly kind: 'pruned' | 'foreign-cursor'; readonly channel: string; readonly cursor: string }

/** What a message of the run is: its text says it, whatever happens to its id. */
export interface MessageName {
  readonly sender: number
  readonly channel: string
  readonly number: number
}

export function nameOf(text: string): MessageName | undefined {
  const [sender, channel, number] = text.split(' ')
  if (channel === undefined || number === undefined) return undefined
  return { sender: Number(sender), channel, number: Number(number) }
}

/** The same as a key. */
export function keyOf({ sender, channel, number }: MessageName): string {
  return `${sender} ${channel} ${number}`
}
