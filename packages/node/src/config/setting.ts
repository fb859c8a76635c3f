import type { ConfigProblem } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import type { Origin } from './origin.ts'
import type { PluginSettings } from './plugin-sections.ts'

/** A value of one source. */
export interface Setting {
  readonly key: ConfigKey
  /** As the schema takes it. */
  readonly value: unknown
  readonly origin: Origin
  /** Of each value of a list, where they differ. */
  readonly itemOrigins?: readonly Origin[]
}

/** What one source says. */
export interface Source {
  /** By the path of the key. */
  readonly settings: ReadonlyMap<string, Setting>
  /** What it says to plugins. @default nothing */
  readonly plugins?: PluginSettings
  /** What is wrong before any value is looked at. */
  readonly problems: readonly ConfigProblem[]
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
}

/** The value that a text stands for; one that stands for none stays a text, and the schema says what is wrong. */
export function valueOfText(key: ConfigKey, text: string): unknown {
  if (key.kind === 'boolean') return BOOLEANS[text.toLowerCase()] ?? text
  if (key.kind === 'count') return /^\d{1,15}$/.test(text) ? Number(text) : text
  return text
}
