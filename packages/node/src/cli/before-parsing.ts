import type { Command } from 'commander'

/**
 * Completes a command just before its arguments are parsed, or its help is shown: what it needs for that is not
 * loaded by all the others.
 */
export function beforeParsing(command: Command, complete: (command: Command) => Promise<void>): void {
  command.parent?.hook('preSubcommand', async (_, chosen) => {
    if (chosen === command) await complete(command)
  })
}

/** Gives a command the flags of the configuration. */
export function withConfigOptions(command: Command): void {
  beforeParsing(command, async () => (await import('./config-options.ts')).addConfigOptions(command))
}
