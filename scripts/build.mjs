/**
 * Builds every package, from turbo's cache where nothing changed. Says nothing unless it fails: what follows it
 * (a demo, a table, JSON) is what the user asked for. `npm run …` may call this with whichever Node is there, so
 * this file is no TypeScript.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

let turbo
try {
  turbo = fileURLToPath(import.meta.resolve('turbo/bin/turbo'))
} catch {
  process.stderr.write('build: turbo is not installed: run "npm ci" first\n')
  process.exit(1)
}
const { status, signal, error, stdout, stderr } = spawnSync(
  process.execPath,
  [turbo, 'run', 'build', '--output-logs=errors-only', '--log-prefix=none'],
  {
    cwd: fileURLToPath(new URL('../', import.meta.url)),
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    // What is piped to `npm run pmesh -- publish` is not turbo's to read.
    stdio: ['ignore', 'pipe', 'pipe'],
    // The compiler's complaints about a thousand files, not the default 1 MiB.
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
  },
)
if (status !== 0) {
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  process.stderr.write(`build: failed (${error?.message ?? signal ?? `exit code ${status}`})\n`)
  process.exitCode = 1
}
