/**
 * `help start` as `start --help`: only then is a command completed before its help is shown.
 * @param argv as in `process.argv`
 */
export function helpAsFlag(argv: readonly string[]): string[] {
  const [node = '', script = '', first, ...rest] = argv
  return first === 'help' && rest.length > 0 ? [node, script, ...rest, '--help'] : [...argv]
}
