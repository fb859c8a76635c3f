import type { CheckedConfig } from '../config/checked-config.ts'
import type { ConfigError } from '../config/config-error.ts'
import type { ConfigPlaces, LoadedConfig } from '../config/load-config.ts'
import type { NodeState } from './node-state.ts'

/**
 * - `ok`: as it should be.
 * - `warning`: the node works, and somebody should see to it.
 * - `failed`: the node does not work, or does not keep what it promises.
 * - `not-checked`: the message says why.
 */
export type State = 'ok' | 'warning' | 'failed' | 'not-checked'

/** What a check found of one thing. */
export interface Finding {
  readonly state: State
  /** One line: what was found, with what was measured. */
  readonly message: string
  /** One line: what to do; of all that is not as it should be. */
  readonly advice?: string
  /** What it is about, where a check looks at several things: an address, a URL. */
  readonly subject?: string
  /** For programs; units are in the names. */
  readonly measured?: Readonly<Record<string, unknown>>
}

/** What checks look at. */
export interface CheckContext {
  /** Absolute. */
  readonly dataDir: string
  /** What a start would read now, or what is wrong with it. */
  readonly loaded: LoadedConfig | ConfigError
  /** What the node that runs was told, else what a start would read; undefined: that is wrong. */
  readonly config: CheckedConfig | undefined
  readonly node: NodeState
  /** Where a configuration is looked for. */
  readonly places: ConfigPlaces
}

/** One thing that an operator wants to know to be right. It changes nothing. */
export interface Check {
  /** As it is shown; in one or two words. */
  readonly name: string
  /** How long it may take before it counts as failed. */
  readonly timeoutMs: number
  /**
   * `first`: it measures what others at the same time would disturb. `last`: it runs code of others, which may end the process or
   * never stop. @default with all others at once
   */
  readonly turn?: 'first' | 'last'
  /** @param signal ends when nobody waits for it any more */
  run(context: CheckContext, signal: AbortSignal): Promise<readonly Finding[]>
}
