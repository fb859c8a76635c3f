/**
 * Writes docs/reference/cli.md: runs the real `pmesh`, two nodes with it, and puts down what it answers. Identifiers and
 * times differ from run to run, so nothing compares the file; run this after a change of what a command prints.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startPasteldEmulator } from '../packages/testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { CLI_SESSION, type Step } from './cli-session.ts'

const MAIN = new URL('../packages/node/src/cli/main.ts', import.meta.url).pathname
const TARGET = new URL('../docs/reference/cli.md', import.meta.url)
/** What a node, or `tail`, gets to say what it says at its start, on a machine that is busy. */
const MAX_START_MS = 120_000

const folder = await mkdtemp(join(tmpdir(), 'pmesh-docs-'))
const running: ChildProcess[] = []
/** What later commands name: PastelIDs, message ids, signatures. */
const known = new Map<string, string>()

const emulator = await startPasteldEmulator({ supernodes: 2, listedOnly: 8, latency: 0 })
const [core] = emulator.supernodes
known.set('conf', core?.confPath ?? '').set('supernode', core?.pastelId ?? '')

function spawnPmesh(args: readonly string[]): ChildProcess {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PMESH_')))
  return spawn(process.execPath, ['--conditions=source', MAIN, ...args], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
  })
}

async function answer(args: readonly string[], { until, isRefused = false, input }: Step): Promise<string> {
  const child = spawnPmesh(args)
  let output = ''
  const hear = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.stdin?.end(input ?? '')
  if (until !== undefined) {
    running.push(child)
    const endMs = performance.now() + MAX_START_MS
    while (!until.test(output)) {
      if (performance.now() > endMs)
        throw new Error(`pmesh ${args.join(' ')} did not say ${until}:\n${output}`)
      await delay(100)
    }
    return output.trimEnd()
  }
  const [code] = await once(child, 'close')
  if ((code !== 0) !== isRefused) throw new Error(`pmesh ${args.join(' ')} ended with ${code}:\n${output}`)
  return output.trimEnd()
}

function fill(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => known.get(name) ?? name)
}

/** Long words are cut for the page; the command takes them whole. */
function shorten(text: string): string {
  return (
    text
      .replaceAll(folder, '~')
      .replaceAll(core?.dataFolder ?? folder, '~/.pastel')
      .replace(/\b(jX\w{8})\w{76}\b/g, '$1…')
      // The column is as much narrower.
      .replace(/^(PASTELID) {75}/gm, '$1')
      .replace(/\b(12D3KooW\w{4})\w{40,}\b/g, '$1…')
      .replace(/\b(pmk_[0-9a-f]{16}_)[0-9a-f]{64}\b/g, '$1…')
      .replace(/\b([A-Za-z0-9+/]{24})[A-Za-z0-9+/=]{60,}/g, '$1…')
  )
}

const parts = [
  `# The command line

<!-- Made by scripts/make-cli-reference.ts, which runs every command: run it after a change of what they print. -->

What follows is one session, as it was: two nodes on one machine, alice and bob. Long identifiers are cut with \`…\` here; the commands print and take them whole. Every command has \`--help\` with an example and \`--json\`, with which an error is JSON as well, on the standard error (\`{"error":{"code":"ERR_NO_NODE","message":"…"}}\`); all take the node's folder as \`--data\` or \`PMESH_DATA\`. On a terminal the output is coloured and fitted to its width, in a pipe it is plain.
`,
]
try {
  for (const step of CLI_SESSION) {
    if (step.heading !== undefined) parts.push(`## ${step.heading}\n`)
    if (step.text !== undefined) parts.push(`${step.text}\n`)
    const command = fill(step.command)
    const args = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
      ([, single, double, word]) => single ?? double ?? word ?? '',
    )
    let output = await answer(args, step)
    for (const [find, text] of step.instead ?? []) output = output.replace(find, text)
    const [first = ''] = output.split('\n')
    if (step.keep !== undefined) known.set(step.keep.name, step.keep.find.exec(output)?.[0] ?? first)
    const shownInput = step.input === undefined ? '' : ` < ${step.inputName}`
    parts.push(`\`\`\`\n$ pmesh ${shorten(command)}${shownInput}\n${shorten(output)}\n\`\`\`\n`)
  }
} finally {
  for (const child of running.reverse()) {
    // One of the commands may have stopped it.
    if (child.exitCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  await emulator.stop()
  await rm(folder, { recursive: true, force: true })
}
await writeFile(TARGET, parts.join('\n'))
