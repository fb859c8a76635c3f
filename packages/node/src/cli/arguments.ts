/**
 * `help start` as `start --help`: only then is a command completed before its help is shown.
 * @param argv as in `process.argv`
 */
export function helpAsFlag(argv: readonly string[]): string[] {
  const [node = '', script = '', first, ...rest] = argv
  return first === 'help' && rest.length > 0 ? [node, script, ...rest, '--help'] : [...argv]
}

/**
 * Whether the answer is to be JSON: known before the arguments are parsed, since it goes for what is wrong with them too.
 * @param argv as in `process.argv`
 */
export function isJsonAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}
