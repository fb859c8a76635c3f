import { MeshError } from '@pastel-mesh/identity'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/load-config.ts'

/** What is wrong with the plugins that are named, and with what they are set to. */
export async function pluginProblems({ config, origins }: LoadedConfig): Promise<readonly ConfigProblem[]> {
  try {
    // Not before: a plugin loads all of the node.
    const { loadPlugins } = await import('../plugins/load-plugins.ts')
    const { checkSections } = await import('../plugins/check-sections.ts')
    const plugins = await loadPlugins(config.plugins, config.pluginsFrom)
    await checkSections(plugins, config.ext, origins)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    if (!(error instanceof MeshError)) throw error
    const origin = origins.get('plugins')
    return [{ key: 'plugins', ...(origin === undefined ? {} : { origin }), reason: error.message }]
  }
}
