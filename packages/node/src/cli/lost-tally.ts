import type { LostNotice } from '@pastel-mesh/sdk-node'
import { pmeshCommand } from '../pmesh-command.ts'
import { describeChannel } from './describe-channel.ts'

export interface LostTallyOptions {
  /** Of the node: for the command that a line advises. */
  readonly dataDir: string
  /** @default 3000 */
  readonly windowMs?: number
}

export interface LostTallyComponents {
  readonly say: (kind: LostNotice['kind'], what: string) => void
}

/** A burst of gaps, as after a restart of the mesh, is over by then. */
const WINDOW_MS = 3_000
/** Senders, topics and reasons that a line names. */
const MAX_NAMED = 3

interface Tally {
  messages: number
  ranges: number
  readonly senders: Set<string>
  readonly topics: Set<string>
  readonly reasons: Set<string>
}

/** Adds up what is given up within some seconds: one line tells of a burst of gaps. */
export class LostTally {
  readonly #dataDir: string
  readonly #windowMs: number
  readonly #say: LostTallyComponents['say']
  readonly #tallies = new Map<LostNotice['kind'], Tally>()
  #timer: NodeJS.Timeout | undefined

  constructor({ dataDir, windowMs = WINDOW_MS }: LostTallyOptions, { say }: LostTallyComponents) {
    this.#dataDir = dataDir
    this.#windowMs = windowMs
    this.#say = say
  }

  add({ kind, sender, channel, first, last, reason }: LostNotice): void {
    const tally = this.#tallies.get(kind) ?? newTally()
    this.#tallies.set(kind, tally)
    tally.messages += last - first + 1
    tally.ranges += 1
    note(tally.senders, sender)
    note(tally.topics, describeChannel(channel))
    note(tally.reasons, reason)
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs)
  }

  /** Says now what was added up. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const tallies = [...this.#tallies]
    this.#tallies.clear()
    const where = `"${pmeshCommand('messages', this.#dataDir)}" shows where`
    for (const [kind, tally] of tallies) this.#say(kind, `${describe(tally)}: ${where}`)
  }
}

function newTally(): Tally {
  return { messages: 0, ranges: 0, senders: new Set(), topics: new Set(), reasons: new Set() }
}

/** One more than is named shows that there are more. */
function note(names: Set<string>, name: string): void {
  if (names.size <= MAX_NAMED) names.add(name)
}

function describe({ messages, ranges, senders, topics, reasons }: Tally): string {
  const count = `${messages} ${messages === 1 ? 'message' : 'messages'}`
  const places = ranges === 1 ? '' : ` in ${ranges} places`
  return `${count}${places} of ${named(senders)} in ${named(topics)} (${named(reasons)})`
}

function named(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, MAX_NAMED).join(', ')
  return names.size > MAX_NAMED ? `${shown} and others` : shown
}
