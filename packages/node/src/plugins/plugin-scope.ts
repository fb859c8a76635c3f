import { AsyncLocalStorage } from 'node:async_hooks'
import { dirname, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MeshError } from '@pastel-mesh/identity'

/** Of a plugin that was loaded: whose an error is that nobody caught. */
export interface PluginFile {
  readonly name: string
  /** Its module; absent: the program that the node is part of gave it. */
  readonly file?: string
}

/** The folder with the packages of the node: their code is its own. */
const OWN_FOLDER = `${resolve(import.meta.dirname, '../../..')}${sep}`
const PACKAGES = `node_modules${sep}`
/** A frame of a stack: `at f (file:///a/b.ts:1:2)`, `at /a/b.js:1:2`. */
const FRAME = /^\s+at (?:.*\()?(file:\/\/[^\s)]+|\/[^\s)]+):(\d+):\d+\)?$/

/**
 * Knows for which plugin something runs. What a plugin throws where nobody waits for it is its own trouble:
 *
 * - it was thrown by a file of the plugin;
 * - or it was thrown while something ran for the plugin, out of no file, as the error of a socket is;
 * - or it is what the node refused, by an error of its own kind, in a promise that the plugin did not wait for.
 *
 * All else may have stopped something of the node half-way, and ends the process.
 */
export class PluginScope {
  readonly #current = new AsyncLocalStorage<string>()

  /** Does something for a plugin. */
  run<T>(plugin: string, act: () => T): T {
    return this.#current.run(plugin, act)
  }

  /** The plugin whose error it is that nobody caught; undefined: it is the node's. */
  ownerOf(
    error: unknown,
    kind: 'exception' | 'rejection',
    plugins: readonly PluginFile[],
  ): string | undefined {
    const current = this.#current.getStore()
    const file = topFrame(error)?.file
    if (file !== undefined) {
      const owner = ownerOfFile(file, plugins, current)
      if (owner !== undefined) return owner
    }
    const isRefusal = kind === 'rejection' && error instanceof MeshError
    return isRefusal || file === undefined ? current : undefined
  }
}

/** Where an error was thrown, such as `/etc/pmesh/greeter.ts:12`; undefined: nobody knows. */
export function placeThrown(error: unknown): string | undefined {
  const frame = topFrame(error)
  return frame === undefined ? undefined : `${frame.file}:${frame.line}`
}

/** The file at the top of the stack that is none of Node's. What others wrote may be in the message, not in the frames. */
function topFrame(error: unknown): { readonly file: string; readonly line: string } | undefined {
  const { stack, message } = (error instanceof Error ? error : {}) as { stack?: unknown; message?: unknown }
  if (typeof stack !== 'string') return undefined
  const at = typeof message === 'string' ? stack.indexOf(message) : -1
  // A message that was changed later is not in it.
  const frames = at === -1 ? stack : stack.slice(at + String(message).length)
  for (const line of frames.split('\n')) {
    const [, place, number = ''] = FRAME.exec(line) ?? []
    if (place === undefined) continue
    const file = place.startsWith('file:') ? pathOf(place) : place
    return file === undefined ? undefined : { file, line: number }
  }
  return undefined
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

/** Its module before all; several plugins may lie in one folder. */
function ownerOfFile(
  file: string,
  plugins: readonly PluginFile[],
  current: string | undefined,
): string | undefined {
  const exact = plugins.find((plugin) => plugin.file === file)
  if (exact !== undefined) return exact.name
  const near = plugins
    .filter((plugin) => plugin.file !== undefined && isNear(file, plugin.file))
    .sort((a, b) => (b.file?.length ?? 0) - (a.file?.length ?? 0))
  return (near.find(({ name }) => name === current) ?? near[0])?.name
}

/** Whether a file is beside or below a plugin's module: its own, or of the packages that it alone has. */
function isNear(file: string, plugin: string): boolean {
  const folder = `${dirname(plugin)}${sep}`
  if (!file.startsWith(folder)) return false
  const hasNode = OWN_FOLDER.startsWith(folder)
  if (file.slice(folder.length).includes(PACKAGES)) return !hasNode
  return !(hasNode && file.startsWith(OWN_FOLDER))
}
