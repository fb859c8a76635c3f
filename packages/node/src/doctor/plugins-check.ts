import { pluginProblems } from '../cli/plugin-problems.ts'
import { counted, describeAgo } from '../cli/terminal/figures.ts'
import { ConfigError, describeProblem } from '../config/config-error.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import type { NodeStatus } from './node-state.ts'

/** Whether plugins can be loaded, and of a node that runs whether they fail. */
export const pluginsCheck: Check = {
  name: 'plugins',
  timeoutMs: 8_000,
  turn: 'last',
  async run({ loaded, node }) {
    if (node.kind === 'running') return ofRunning(node.status)
    if (loaded instanceof ConfigError)
      return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    return ofStart(loaded)
  },
}

async function ofStart(loaded: Exclude<CheckContext['loaded'], ConfigError>): Promise<Finding[]> {
  const names = loaded.config.plugins
  if (names.length === 0) return [{ state: 'ok', message: 'none is named' }]
  const problems = await pluginProblems(loaded)
  if (problems.length === 0) {
    return [{ state: 'ok', message: `${counted(names.length, 'plugin')} can be loaded: ${names.join(', ')}` }]
  }
  return problems.map((problem) => ({
    state: 'failed',
    message: describeProblem(problem),
    advice: 'mend it, or leave it out of "plugins": a start ends with it',
    ...(problem.key === undefined ? {} : { subject: problem.key }),
  }))
}

function ofRunning({ plugins }: NodeStatus): Finding[] {
  if (plugins.length === 0) return [{ state: 'ok', message: 'the node has none' }]
  return plugins.map(({ name, failures, lastFailure, background }): Finding => {
    const measured = { failures }
    if (failures === 0)
      return { state: 'ok', subject: name, message: 'no failures since the start', measured }
    const last = [lastFailure, ...background.map((task) => task.lastFailure)]
      .filter((failure) => failure !== undefined)
      .sort((a, b) => b.atMs - a.atMs)[0]
    const [line = ''] = (last?.message ?? '').split('\n')
    return {
      state: 'warning',
      subject: name,
      message: `${counted(failures, 'failure')} since the start${last === undefined ? '' : `, the last ${describeAgo(last.atMs)}: ${line.slice(0, 200)}`}`,
      advice: 'see the log of the node for the stack, and tell whoever wrote the plugin',
      measured,
    }
  })
}
