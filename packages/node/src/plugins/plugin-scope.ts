import { AsyncLocalStorage } from 'node:async_hooks'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of a plugin that was loaded: whose an error is that nobody caught. */
export interface PluginFile {
  readonly name: string
  /** Its module; absent: the program that the node is part of gave it. */
  readonly file?: string
}

/** This file's folder and those beside it: the node's own code. */
const OWN_FOLDER = `${dirname(import.meta.dirname)}${sep}`
/** A frame of a stack: `at f (file:///a/b.ts:1:2)`, `at /a/b.js:1:2`. */
const FRAME = /^\s+at (?:.*\()?(file:\/\/[^\s)]+|\/[^\s)]+):\d+:\d+\)?$/

/**
 * Knows for which plugin something runs. What a plugin throws where nobody waits for it is found by that: a rejection by
 * who made the promise, an exception by the file that threw it. Such an error is the plugin's own trouble; that of the
 * node ends the process, for nobody knows in which state it is then.
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
    const file = throwingFile(error)
    const byFile = file === undefined ? undefined : plugins.find((plugin) => isOf(file, plugin.file))?.name
    if (byFile !== undefined) return byFile
    // What is thrown out of any other file, while a plugin's call goes on, may have stopped something of the node half-way.
    return kind === 'rejection' || file === undefined ? this.#current.getStore() : undefined
  }
}

/** The file at the top of the stack that is none of Node's. */
function throwingFile(error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const line of stack.split('\n')) {
    const place = FRAME.exec(line)?.[1]
    if (place !== undefined) return place.startsWith('file:') ? fileURLToPath(place) : place
  }
  return undefined
}

/** Its module, or one beside or below it; where the node itself lies below as well, the module alone. */
function isOf(file: string, plugin: string | undefined): boolean {
  if (plugin === undefined) return false
  if (file === plugin) return true
  const folder = `${dirname(plugin)}${sep}`
  if (OWN_FOLDER.startsWith(folder)) return false
  return file.startsWith(folder) && !file.slice(folder.length).includes(`node_modules${sep}`)
}
