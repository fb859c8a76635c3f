import { parseArgs } from 'node:util'
import type { FaultKind } from './fault.ts'
import { FAULT_KINDS } from './schedule.ts'

export interface ChaosArguments {
  readonly minutes: number
  readonly seed: number
  readonly members: number
  readonly messagesPerSecond: number
  readonly kinds: readonly FaultKind[]
  readonly retention: boolean
  readonly netns: boolean
  readonly keep: boolean
}

export const USAGE = `Usage: npm run chaos -- [options]

  --minutes M    how long there are faults, 0.2 to 600 (default 3)
  --seed S       the same seed gives the same schedule of faults (default: a new one)
  --members N    processes to run, 3 to 12 (default 5)
  --rate R       messages a second of each member, 1 to 500 (default 20)
  --only KINDS   only these faults, separated by commas: ${FAULT_KINDS.join(', ')}
  --no-retention no member keeps little
  --netns        each member in a network namespace of its own (Linux, root, iproute2, nftables)
  --keep         keep the folders of the members, also when nothing is wrong
`

/** @returns undefined: help is wanted. @throws Error: says which option is wrong */
export function readOptions(args: readonly string[]): ChaosArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '3' },
      seed: { type: 'string' },
      members: { type: 'string', default: '5' },
      rate: { type: 'string', default: '20' },
      only: { type: 'string', default: FAULT_KINDS.join(',') },
      'no-retention': { type: 'boolean', default: false },
      netns: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31))
  return {
    minutes: inRange('minutes', values.minutes, 0.2, 600),
    seed: whole('seed', seed, 0, 2 ** 31),
    members: whole('members', values.members, 3, 12),
    messagesPerSecond: inRange('rate', values.rate, 1, 500),
    kinds: values.only.split(',').map(kindOf),
    retention: !values['no-retention'],
    netns: values.netns,
    keep: values.keep,
  }
}

function kindOf(text: string): FaultKind {
  const kind = FAULT_KINDS.find((known) => known === text)
  if (kind === undefined) throw new Error(`--only ${text}: give some of ${FAULT_KINDS.join(', ')}`)
  return kind
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = inRange(name, text, min, max)
  if (!Number.isInteger(value)) throw new Error(`--${name} ${text}: give a whole number`)
  return value
}

function inRange(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= min && value <= max)) {
    throw new Error(`--${name} ${text}: give a number from ${min} to ${max}`)
  }
  return value
}
