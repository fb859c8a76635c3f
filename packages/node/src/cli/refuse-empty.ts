import type { Command } from 'commander'

/** A message, and what is signed, may be empty. What "send" takes is looked at when it is known which is the text. */
const MAY_BE_EMPTY = new Set(['text', 'operands'])
/** Commands that take settings: what is wrong with one is said of it by its name. */
const OF_SETTINGS = new Set(['init', 'config', 'start'])
/** Those of them that are about a node that runs, and take none. */
const OF_RUNNING = new Set(['show', 'reload'])

/**
 * Ends a command that was given an empty argument, as by a variable of the shell that is not set: it means nothing, and
 * is not to mean what leaving it out does.
 */
export function refuseEmpty(command: Command): void {
  if (OF_SETTINGS.has(topmost(command).name()) && !OF_RUNNING.has(command.name())) return
  const { args, registeredArguments } = command
  for (const [i, value] of args.entries()) {
    const argument = registeredArguments[Math.min(i, registeredArguments.length - 1)]
    if (value === '' && argument !== undefined && !MAY_BE_EMPTY.has(argument.name())) {
      command.error(`error: the argument '${argument.name()}' is empty`)
    }
  }
  for (const option of command.options) {
    const name = option.attributeName()
    const value: unknown = command.getOptionValue(name)
    const isEmpty = value === '' || (Array.isArray(value) && value.includes(''))
    if (isEmpty && command.getOptionValueSource(name) === 'cli' && !MAY_BE_EMPTY.has(name)) {
      command.error(`error: the value of '${option.flags}' is empty`)
    }
  }
}

function topmost(command: Command): Command {
  let found = command
  while (found.parent?.parent != null) found = found.parent
  return found
}
