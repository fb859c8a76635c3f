import { setTimeout as delay } from 'node:timers/promises'
import type { StoredByOutput } from '@pastel-mesh/sdk-server'
import type { ControlClient } from '../control-client.ts'
import { shownId } from './terminal/screen.ts'
import { EXIT } from './wait-for-delivery.ts'

type Member = StoredByOutput['members'][number]

/** How long it is paused between questions; each member answers one a second at most. */
const MIN_PAUSE_MS = 500
const MAX_PAUSE_MS = 5_000

/** Members that a line names of each kind. */
const MAX_NAMED = 10

/** Who stores a message to a topic: when all members have said the last word, or at a time of `performance.now()`. */
export async function waitForStored(
  api: ControlClient['api'],
  input: { readonly id: string; readonly receipts: boolean },
  endMs: number,
): Promise<StoredByOutput> {
  for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)) {
    const stored = await api.service.messages.storedBy.query(input)
    const leftMs = endMs - performance.now()
    if (isOver(stored) || leftMs <= 0) return stored
    await delay(Math.min(pauseMs, leftMs))
  }
}

/** @returns the exit code */
export function exitCodeOfStored(stored: StoredByOutput): number {
  if (!isOver(stored)) return EXIT.unknown
  return stored.stored === stored.members.length ? EXIT.delivered : EXIT.failed
}

/** Whether each of the members, and there is one, stores it or never will. */
function isOver({ members }: StoredByOutput): boolean {
  return members.length > 0 && members.every(({ state }) => state !== 'unknown' && state !== 'not-yet')
}

/** "stored by 3 of 4 members that announce orders; not yet: …" */
export function describeStored({ topic, stored, members }: StoredByOutput): string {
  if (members.length === 0) return `nobody else announces ${topic}, as far as this node knows`
  const others = new Map<string, Member[]>()
  for (const member of members) {
    if (member.state === 'stored') continue
    const text = describeMember(member)
    others.set(text, [...(others.get(text) ?? []), member])
  }
  const rest = [...others].map(([text, those]) => `; ${text}: ${named(those)}`)
  const noun = members.length === 1 ? 'member that announces' : 'members that announce'
  return `stored by ${stored} of ${members.length} ${noun} ${topic}${rest.join('')}`
}

function describeMember({ state, reason = '' }: Member): string {
  switch (state) {
    case 'unknown':
      return reason === 'not-connected' ? 'not connected' : reason.replaceAll('-', ' ')
    case 'not-yet':
      return 'not yet'
    case 'lost':
      return 'went on without it'
    default:
      return reason === 'pruned' ? 'removed again' : `refused (${reason})`
  }
}

function named(members: readonly Member[]): string {
  const names = members.slice(0, MAX_NAMED).map(({ pastelId }) => shownId(pastelId))
  const more = members.length - names.length
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
