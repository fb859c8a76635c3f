export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** `auto`: pretty on a terminal, JSON otherwise. */
export const LOG_FORMATS = ['auto', 'pretty', 'json'] as const

export interface NodeLogOptions {
  readonly level: (typeof LOG_LEVELS)[number]
  /** How the standard output is written. A file is always JSON. */
  readonly format: (typeof LOG_FORMATS)[number]
  /** Takes the same lines as JSON, appended; for its owner only. @default none */
  readonly file?: string | undefined
}
