import { MeshError } from '@pastel-mesh/identity'
import { describeOrigin, type Origin } from './origin.ts'

/** Characters of a wrong value that are shown. */
const MAX_SHOWN = 100
/** Problems that are told at once. */
const MAX_PROBLEMS = 50

/** What is wrong with one value. */
export interface ConfigProblem {
  /** Its key, such as `topics[1]`; undefined: what is wrong is not a value. */
  readonly key?: string
  /** As it was given; undefined: not shown. */
  readonly value?: unknown
  /** Undefined: the object that a program gave. */
  readonly origin?: Origin
  readonly reason: string
}

/** A configuration that cannot be used: all that is wrong with it, one line each. */
export class ConfigError extends MeshError {
  readonly problems: readonly ConfigProblem[]
  /** What is probably a slip as well: variables that are no settings. */
  readonly warnings: readonly string[]

  constructor(problems: readonly ConfigProblem[], warnings: readonly string[] = []) {
    const lines = problems.slice(0, MAX_PROBLEMS).map(describeProblem)
    if (problems.length > MAX_PROBLEMS) lines.push(`and ${problems.length - MAX_PROBLEMS} more`)
    super(
      'ERR_CONFIG',
      lines.length === 1
        ? `the configuration is wrong: ${lines[0]}`
        : [`the configuration is wrong in ${problems.length} places`, ...lines].join('\n'),
    )
    this.problems = problems
    this.warnings = warnings
  }
}

/** `sync.history "10" (--sync-history): …` */
export function describeProblem({ key, value, origin, reason }: ConfigProblem): string {
  const shown = value === undefined ? undefined : String(JSON.stringify(value)).slice(0, MAX_SHOWN)
  const place = origin === undefined ? undefined : describeOrigin(origin)
  const where = place === undefined || key === undefined ? place : `(${place})`
  const subject = [key?.slice(0, MAX_SHOWN), shown, where].filter((part) => part !== undefined).join(' ')
  return subject === '' ? reason : `${subject}: ${reason}`
}
