import type { Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import { moduleResolve } from 'import-meta-resolve'
import { quoted } from '../pmesh-command.ts'
import { within } from '../within.ts'
import { DefinedPlugin } from './define-plugin.ts'
import { messageOf } from './message-of.ts'

/** How long a module may take: one that waits at its top for what never comes is named. */
const LOAD_MS = 30_000

/** A plugin, and what it was named by. */
export interface LoadedPlugin {
  readonly plugin: DefinedPlugin
  /** As it is named; absent: the program that the node is part of gave it. */
  readonly source?: string
  /** The path of its module, without symbolic links: as stacks have it. */
  readonly file?: string
}

/**
 * The plugins that are named: packages, and paths of files.
 * @param from the folder from which they are looked for; packages are also looked for from this program
 * @throws MeshError ERR_PLUGIN: says which is not there, or what is wrong with it
 */
export async function loadPlugins(names: readonly string[], from: string): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = []
  // One after another, so that the first that is wrong is the one that is told.
  for (const name of names) loaded.push(await loadPlugin(name, from))
  return loaded
}

async function loadPlugin(name: string, from: string): Promise<LoadedPlugin> {
  const url = isPath(name) ? await findFile(name, from) : findPackage(name, from)
  let module: { readonly default?: unknown }
  try {
    module = await within(LOAD_MS, import(url.href))
  } catch (cause) {
    throw cannotLoad(name, explain(cause, url), cause)
  }
  const { default: plugin } = module
  if (plugin instanceof DefinedPlugin) return { plugin, source: name, file: fileURLToPath(url) }
  if (plugin?.constructor?.name === DefinedPlugin.name) {
    throw cannotLoad(
      name,
      'it was made with another copy of @pastel-mesh/node than the one that runs: a plugin has that as a peer dependency, and brings none of its own',
    )
  }
  throw cannotLoad(name, 'its default export is no plugin: write export default definePlugin({ … })')
}

function isPath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name)
}

async function findFile(name: string, from: string): Promise<URL> {
  const path = resolve(from, name)
  let found: Stats
  let real: string
  try {
    found = await stat(path)
    real = await realpath(path)
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw cannotLoad(name, isMissing ? `there is no file ${path}` : explainFileError(cause), cause)
  }
  if (found.isDirectory()) throw cannotLoad(name, `${path} is a folder: name the file in it`)
  return pathToFileURL(real)
}

function findPackage(name: string, from: string): URL {
  const places = [pathToFileURL(join(from, 'pmesh.yaml')), new URL(import.meta.url)]
  let reason: unknown
  for (const place of places) {
    try {
      const url = moduleResolve(name, place, new Set(['node', 'import', 'module-sync', ...ownConditions()]))
      if (url.protocol !== 'file:') throw cannotLoad(name, 'it is neither a package nor a path')
      return url
    } catch (error) {
      if (error instanceof MeshError) throw error
      reason ??= error
    }
  }
  const { code } = reason as NodeJS.ErrnoException
  // Also of one that is there and was not built: its file is what is missing.
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' && messageOf(reason).startsWith('Cannot find package')
  if (!isMissing) throw cannotLoad(name, messageOf(reason), reason)
  throw cannotLoad(
    name,
    `there is no such package at ${from} or above it: install it there, or write a file as a path, such as ./${name}`,
    reason,
  )
}

/** The conditions that this process was started with: what a plugin imports is found by them as well. */
function ownConditions(): string[] {
  const args = [...process.execArgv, ...(process.env.NODE_OPTIONS?.split(' ') ?? [])]
  const { values } = parseArgs({
    args,
    options: { conditions: { type: 'string', short: 'C', multiple: true } },
    strict: false,
  })
  return (values.conditions ?? []).filter((condition) => typeof condition === 'string')
}

/** Why a module could not be loaded, with the line in it where that is known. */
function explain(cause: unknown, url: URL): string {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return 'this Node runs no TypeScript: take 22.18 or newer'
  const file = fileURLToPath(url)
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const [, behind = ''] = stack.split(`${file}:`)
  const line = /^\d+/.exec(behind)?.[0]
  const message = messageOf(cause)
  const advice =
    code === 'ERR_MODULE_NOT_FOUND' && message.includes("package '@pastel-mesh/")
      ? `; ${pmeshLink(file)} links it there`
      : ''
  return `${message}${line === undefined ? '' : ` (${file}:${line})`}${advice}`
}

/** The command by which a folder gets the packages of this program. */
function pmeshLink(file: string): string {
  return `"pmesh plugin link ${quoted(dirname(file))}"`
}

function cannotLoad(name: string, why: string, cause?: unknown): MeshError {
  return new MeshError('ERR_PLUGIN', `the plugin ${name} cannot be loaded: ${why}`, { cause })
}
