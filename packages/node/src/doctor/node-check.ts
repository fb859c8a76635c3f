import { readFileSync } from 'node:fs'
import { describeTime } from '../cli/terminal/figures.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { readVersion } from '../version.ts'
import type { Check, CheckContext, Finding } from './check.ts'

/** What runs the node, and whether it runs. */
export const nodeCheck: Check = {
  name: 'node',
  timeoutMs: 2_000,
  async run(context) {
    return [runtimeFinding(process.versions.node), runningFinding(context)]
  },
}

/** @param version of Node */
export function runtimeFinding(version: string, least = leastNode()): Finding {
  const message = `pmesh ${readVersion()} on Node ${version}, ${process.platform} ${process.arch}`
  const measured = { pmesh: readVersion(), node: version, platform: process.platform, arch: process.arch }
  if (isAtLeast(version, least)) return { state: 'ok', message, measured }
  return {
    state: 'failed',
    message: `${message}: older than ${least}`,
    advice: '"npm ci" in the clone brings the right one; or install Node 24',
    measured,
  }
}

function runningFinding({ dataDir, node }: CheckContext): Finding {
  if (node.kind === 'none') {
    return { state: 'ok', message: `no node runs on ${dataDir}: what a start would meet is checked` }
  }
  if (node.kind === 'silent') {
    return {
      state: 'failed',
      message: `the node does not answer: ${node.reason}`,
      advice:
        'look at its log; if it hangs, end it with SIGKILL (what it acknowledged is on disk), and start it again',
    }
  }
  const { pid, version, startedAtMs, drainingSinceMs } = node.status
  const message = `process ${pid} runs since ${describeTime(startedAtMs)}`
  const measured = { pid, version, startedAtMs }
  if (version !== readVersion()) {
    return {
      state: 'warning',
      message: `${message}, as version ${version}`,
      advice: `version ${readVersion()} is installed: stop it with "${pmeshCommand('stop', dataDir)}", and start it again`,
      measured,
    }
  }
  if (drainingSinceMs !== null) {
    return {
      state: 'warning',
      message: `${message}, and is drained: it takes no more`,
      advice: `stop it with "${pmeshCommand('stop', dataDir)}", and start it again`,
      measured,
    }
  }
  return { state: 'ok', message, measured }
}

function leastNode(): string {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string }
  }
  return engines.node.replace(/^>=/, '')
}

function isAtLeast(version: string, least: string): boolean {
  const numbers = version.split('.').map(Number)
  for (const [at, number] of least.split('.').map(Number).entries()) {
    if ((numbers[at] ?? 0) !== number) return (numbers[at] ?? 0) > number
  }
  return true
}
