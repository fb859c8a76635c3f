import { MeshError } from '@pastel-mesh/identity'
import type { AnyRouter, AppRouterWithPlugins, MetricDefinitions } from '@pastel-mesh/sdk-server'
import { closestName } from '../config/closest-name.ts'
import type { AnyDefinition, Plugin, PluginDefinition } from './plugin.ts'
import { assertPluginName } from './plugin-name.ts'

/** Of jobs and background tasks: with the plugin's name before them they are names of jobs. */
const INNER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,29}$/

/** What a plugin is made of. */
const PARTS = [
  'name',
  'config',
  'metrics',
  'router',
  'jobs',
  'topics',
  'onMessage',
  'background',
  'start',
  'stop',
] satisfies (keyof AnyDefinition)[]

/** Whoever does not compile it should hear of a slip as well. @throws MeshError ERR_PLUGIN */
function assertParts(definition: { readonly name: string }): void {
  const known: readonly string[] = PARTS
  const unknown = Object.keys(definition).find((part) => !known.includes(part))
  if (unknown === undefined) return
  const meant = closestName(unknown, known)
  throw new MeshError(
    'ERR_PLUGIN',
    `the plugin ${definition.name} has a part "${unknown.slice(0, 80)}", which there is not: ${meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`}`,
  )
}

/** A plugin, and how the rest of the node gets at what it is. */
export class DefinedPlugin implements Plugin {
  readonly name: string
  readonly definition: AnyDefinition

  constructor(definition: AnyDefinition) {
    this.name = definition.name
    this.definition = definition
  }
}

/**
 * Defines a plugin: what it adds to a node, each part of which is optional. Named in the configuration (`plugins`) by
 * the module whose default export it is, or given to `createController`.
 *
 * @throws MeshError ERR_PLUGIN: a name is none
 * @example
 * export default definePlugin({
 *   name: 'greeter',
 *   config: z.object({ greeting: z.string().default('hello') }),
 *   router: ({ config }) => router({ hello: readProcedure.query(() => config.greeting) }),
 *   background: { tick: { every: '5s', run: ({ logger }) => logger.info('tick') } },
 * })
 */
export function definePlugin<
  const Name extends string,
  ConfigIn = unknown,
  Config = undefined,
  const Metrics extends MetricDefinitions = Record<never, never>,
  Jobs extends Readonly<Record<string, unknown>> = Record<never, never>,
  Values extends Readonly<Record<string, unknown>> = Record<never, never>,
  Router extends AnyRouter = never,
>(definition: PluginDefinition<Name, ConfigIn, Config, Metrics, Jobs, Values, Router>): Plugin<Name, Router> {
  const { name, jobs = {}, background = {} } = definition
  assertPluginName(name)
  assertParts(definition)
  for (const inner of [...Object.keys(jobs), ...Object.keys(background)]) {
    if (INNER_NAME.test(inner)) continue
    throw new MeshError(
      'ERR_PLUGIN',
      `"${inner.slice(0, 80)}" of the plugin ${name} is no name: give a letter, then letters, digits, _ and -, 30 at most`,
    )
  }
  if ('inbox' in jobs && definition.onMessage !== undefined) {
    throw new MeshError(
      'ERR_PLUGIN',
      `the job inbox of the plugin ${name} has the name of those that onMessage makes: give it another`,
    )
  }
  // Which types it has is the business of whoever wrote it; here they are all the same.
  return new DefinedPlugin(definition as unknown as AnyDefinition) as unknown as Plugin<Name, Router>
}

/** The routers of some plugins by their names. */
type RoutersOf<Plugins extends Plugin> = {
  readonly [P in Plugins as [NonNullable<P['~router']>] extends [never] ? never : P['name']]: NonNullable<
    P['~router']
  >
}

/**
 * The type of the API of a node with plugins, for the client.
 * @example
 * import type greeter from './greeter.ts'
 * const client = createClient<RouterOf<typeof greeter>>({ url, auth })
 * await client.api.ext.greeter.hello.query()
 */
export type RouterOf<Plugins extends Plugin> = AppRouterWithPlugins<RoutersOf<Plugins>>
