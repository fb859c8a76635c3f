import { ConfigError, describeProblem } from '../config/config-error.ts'
import type { Check, Finding } from './check.ts'

/** Whether the configuration can be read, as `pmesh config check` says it. */
export const configCheck: Check = {
  name: 'configuration',
  timeoutMs: 2_000,
  async run({ loaded, node }) {
    const warnings = loaded.warnings.map(
      (message): Finding => ({
        state: 'warning',
        message,
        advice: 'see "pmesh config print" for what is read',
      }),
    )
    if (loaded instanceof ConfigError) {
      const problems = loaded.problems.map(
        (problem): Finding => ({
          state: 'failed',
          message: describeProblem(problem),
          advice: 'set it right where it stands; "pmesh config check" looks again',
          ...(problem.key === undefined ? {} : { subject: problem.key }),
        }),
      )
      return [...problems, ...warnings]
    }
    const set = [...loaded.origins.values()].filter(({ kind }) => kind !== 'default').length
    const values = `${set} ${set === 1 ? 'value' : 'values'} set, ${loaded.file ?? 'no file'}`
    const whose =
      node.kind === 'running' && node.keys !== undefined ? '; what the running node was told is checked' : ''
    return [
      { state: 'ok', message: values + whose, measured: { values: set, file: loaded.file ?? null } },
      ...warnings,
    ]
  },
}
