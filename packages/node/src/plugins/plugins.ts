import { MeshError } from '@pastel-mesh/identity'
import type { AnyRouter, PluginStatus } from '@pastel-mesh/sdk-server'
import type { Part } from '../parts.ts'
import { DefinedPlugin } from './define-plugin.ts'
import { HostedPlugin, type HostedPluginComponents } from './hosted-plugin.ts'
import type { LoadedPlugin } from './load-plugins.ts'
import { messageOf } from './message-of.ts'
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

  /** No background task begins a run any more: the node is being drained. */
  rest(): void {
    for (const plugin of this.#hosted) plugin.rest()
  }

  /** All their signals fire: the node stops, or does not start. */
  interrupt(): void {
    for (const plugin of this.#hosted) plugin.interrupt()
  }

  get ending(): Part {
    return {
      name: 'plugins',
      start: async () => {},
      stop: async (timeoutMs) => {
        const failures: unknown[] = []
        const plugins = this.#begun.splice(0).reverse()
        // One that hangs leaves the others their time.
        const shareMs = timeoutMs / (plugins.length + 1)
        // One after another: the later ones may use what the earlier ones have.
        for (const plugin of plugins) {
          await plugin.stop(shareMs).catch((error: unknown) => failures.push(error))
        }
        throwAll(failures)
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
      stop: async (timeoutMs) => {
        const ended = await Promise.allSettled(this.#hosted.map((plugin) => plugin.stopBackground(timeoutMs)))
        throwAll(ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])))
      },
    }
  }
}

/** @throws MeshError ERR_PLUGIN: what a program gave is none */
export function givenPlugins(plugins: readonly Plugin[]): LoadedPlugin[] {
  return plugins.map((plugin, index) => {
    if (plugin instanceof DefinedPlugin) return { plugin }
    throw new MeshError(
      'ERR_PLUGIN',
      `plugins[${index}] is no plugin: make it with definePlugin of this very package`,
    )
  })
}

function throwAll(failures: readonly unknown[]): void {
  if (failures.length > 0)
    throw new MeshError('ERR_PLUGIN', failures.map(messageOf).join('; '), { cause: failures[0] })
}
