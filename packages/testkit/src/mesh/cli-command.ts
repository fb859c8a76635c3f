import { fileURLToPath } from 'node:url'
import { V8_OPTIONS } from '@pastel-mesh/node'

/** The arguments that make node run the command line: from the source when this runs from the source. */
export function cliCommand(): string[] {
  // Whichever of the two the door resolves to, it lies one folder below the package.
  const main = (file: string) =>
    fileURLToPath(new URL(`../${file}`, import.meta.resolve('@pastel-mesh/node')))
  const isSource = import.meta.url.endsWith('.ts')
  const command = isSource ? ['--conditions=source', main('src/cli/main.ts')] : [main('dist/cli/main.js')]
  return [...V8_OPTIONS, ...command]
}
