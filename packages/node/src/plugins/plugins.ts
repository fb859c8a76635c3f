import { MeshError } from '@pastel-mesh/identity'
import type { AnyRouter, PluginStatus } from '@pastel-mesh/sdk-server'
import type { Part } from '../parts.ts'
import { messageOf } from './background-task.ts'
import { DefinedPlugin } from './define-plugin.ts'
import { HostedPlugin, type HostedPluginComponents } from './hosted-plugin.ts'
import type { LoadedPlugin } from './load-plugins.ts'
import type { Plugin } from './plugin.ts'
import { PluginScope } from './plugin-scope.ts'

/**
 * The plugins of a node. Their parts among those of the node, in the order of the start:
 *
 * ```
 *   node ─▶ ending ─▶ queue ─▶ beginning ─▶ bindings ─▶ background ─▶ server
 *             │                    │                        │
 *             │                    │                        └ starts, and ends, what is done by the clock
 *             │                    └ starts each; then its jobs begin
 *             └ stops each that was started: by then its procedures, tasks and jobs have ended
 * ```
 */
export class Plugins {
  readonly #loaded: readonly LoadedPlugin[]
  readonly #scope = new PluginScope()
  #hosted: readonly HostedPlugin[] = []
  #begun: HostedPlugin[] = []

  constructor(loaded: readonly LoadedPlugin[]) {
    this.#loaded = loaded
  }

  /** Topics that the node has to join for them. */
  get topics(): string[] {
    return this.#loaded.flatMap(({ plugin }) => HostedPlugin.topicsOf(plugin))
  }

  /**
   * Gives them what they work with.
   * @param configs as `checkSections` gives them
   * @throws MeshError ERR_PLUGIN
   */
  host(configs: ReadonlyMap<string, unknown>, components: Omit<HostedPluginComponents, 'scope'>): void {
    this.#hosted = this.#loaded.map(
      ({ plugin, source }) =>
        new HostedPlugin(
          { plugin, config: configs.get(plugin.name), ...(source === undefined ? {} : { source }) },
          { ...components, scope: this.#scope },
        ),
    )
  }

  get routers(): Readonly<Record<string, AnyRouter>> {
    return Object.fromEntries(
      this.#hosted.flatMap(({ name, router }) => (router === undefined ? [] : [[name, router] as const])),
    )
  }

  status(): PluginStatus[] {
    return this.#hosted.map((plugin) => plugin.status())
  }

  /** Does something for a plugin: what it throws where nobody waits for it is its own. */
  run<T>(plugin: string, act: () => T): T {
    return this.#scope.run(plugin, act)
  }

  /** Whether an error that nobody caught is that of a plugin: then it is counted there, and the node goes on. */
  tookUncaught(error: unknown, kind: 'exception' | 'rejection'): boolean {
    const files = this.#loaded.map(({ plugin, file }) => ({
      name: plugin.name,
      ...(file === undefined ? {} : { file }),
    }))
    const owner = this.#scope.ownerOf(error, kind, files)
    const plugin = this.#hosted.find(({ name }) => name === owner)
    plugin?.failed(kind === 'rejection' ? 'a promise that nobody waits for' : 'outside of any call', error)
    return plugin !== undefined
  }

  get ending(): Part {
    return {
      name: 'plugins',
      start: async () => {},
      stop: async () => {
        const plugins = this.#begun.splice(0).reverse()
        const ended = await Promise.allSettled(plugins.map((plugin) => plugin.stop()))
        throwAll(ended)
      },
    }
  }

  get beginning(): Part {
    return {
      name: 'plugins',
      start: async () => {
        for (const plugin of this.#hosted) {
          // One that fails half-way may have something to stop.
          this.#begun.push(plugin)
          await plugin.start()
        }
      },
      stop: async () => {},
    }
  }

  get background(): Part {
    return {
      name: 'background tasks',
      start: async () => {
        for (const plugin of this.#hosted) plugin.startBackground()
      },
      stop: async (timeoutMs) =>
        throwAll(await Promise.allSettled(this.#hosted.map((plugin) => plugin.stopBackground(timeoutMs)))),
    }
  }
}

/** @throws MeshError ERR_PLUGIN: what a program gave is none */
export function givenPlugins(plugins: readonly Plugin[]): LoadedPlugin[] {
  return plugins.map((plugin) => {
    if (plugin instanceof DefinedPlugin) return { plugin }
    throw new MeshError(
      'ERR_PLUGIN',
      'one of the plugins is none: make it with definePlugin of this very package',
    )
  })
}

function throwAll(results: readonly PromiseSettledResult<void>[]): void {
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  )
  if (failures.length > 0)
    throw new MeshError('ERR_PLUGIN', failures.map(messageOf).join('; '), { cause: failures[0] })
}
