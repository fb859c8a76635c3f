import { broadcast } from './broadcast/broadcast.ts'

/** The benchmarks by name; each prints a table and, as its last line, one of JSON. */
const BENCHMARKS: Record<string, (args: readonly string[]) => Promise<void>> = { broadcast }

const [name = '', ...args] = process.argv.slice(2)
const run = BENCHMARKS[name]
if (run === undefined) {
  process.stderr.write(
    `Usage: npm run bench -- <name>\n\nBenchmarks: ${Object.keys(BENCHMARKS).join(', ')}\n`,
  )
  process.exitCode = 1
} else {
  await run(args)
}
