import { folderProblems } from '../cli/folder-problems.ts'
import { ConfigError, type ConfigProblem, describeProblem } from '../config/config-error.ts'
import type { Check, CheckContext, Finding } from './check.ts'

/** Whether the configuration can be read, as `pmesh config check` says it. */
export const configCheck: Check = {
  name: 'configuration',
  timeoutMs: 5_000,
  async run({ loaded, config, node, places }) {
    const warnings = loaded.warnings.map(
      (message): Finding => ({
        state: 'warning',
        message,
        advice: 'see "pmesh config print" for what is read',
      }),
    )
    const problems = await problemsOf({ loaded, config, places })
    if (loaded instanceof ConfigError || problems.length > 0) return [...problems.map(toFinding), ...warnings]
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

/** A folder that is not there is said of the folder. */
async function problemsOf({
  loaded,
  config,
  places,
}: Pick<CheckContext, 'loaded' | 'config' | 'places'>): Promise<readonly ConfigProblem[]> {
  if (loaded instanceof ConfigError) return loaded.problems
  // Which key there has to be is for the running node to say, which may have been told by flags.
  const ofFolder = await folderProblems(places, config)
  return ofFolder.filter(({ key }) => key !== 'data')
}

function toFinding(problem: ConfigProblem): Finding {
  return {
    state: 'failed',
    message: describeProblem(problem),
    advice: 'set it right where it stands; "pmesh config check" looks again',
    ...(problem.key === undefined ? {} : { subject: problem.key }),
  }
}
