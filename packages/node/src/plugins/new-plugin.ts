import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import { linkPackages, type OwnPackage, ownPackages } from './link-packages.ts'
import { assertPluginName, wordsOf } from './plugin-name.ts'

/** Files of a new plugin, which is named `greeter` there. */
const TEMPLATES = new URL('../../templates/plugin/', import.meta.url)
const FILES = ['plugin.ts', 'call.ts', 'tsconfig.json', 'README.md'] as const
/** What its files import. */
const PEERS = ['@pastel-mesh/node', '@pastel-mesh/sdk-client', '@pastel-mesh/sdk-server', 'zod']
/** What the compiler needs more. */
const TYPES = '@types/node'
const TYPESCRIPT = '^7.0.2'

export interface NewPluginOptions {
  readonly name: string
  /** Where it is made: there is nothing yet. */
  readonly folder: string
  /** The folder, as it is named in commands. */
  readonly shown: string
}

export interface NewPlugin {
  /** What was made, from the folder on. */
  readonly files: readonly string[]
  /** Packages that were linked into its `node_modules`. */
  readonly linked: readonly string[]
}

/**
 * Makes the folder of a new plugin, which runs as it is.
 * @throws MeshError ERR_PLUGIN: that is no name; ERR_PLUGIN_FOLDER: the folder has something in it; ERR_FILE
 */
export async function newPlugin({ name, folder, shown }: NewPluginOptions): Promise<NewPlugin> {
  assertPluginName(name)
  const peers = await ownPackages(PEERS)
  const [types] = await ownPackages([TYPES])
  await makeFolder(folder)
  const files = new Map<string, string>()
  for (const file of FILES) {
    files.set(file, renamed(await readFile(new URL(file, TEMPLATES), 'utf8'), name, shown))
  }
  files.set('package.json', `${JSON.stringify(manifest(name, peers, types), null, 2)}\n`)
  files.set('.gitignore', 'node_modules/\ndist/\n')
  try {
    for (const [file, text] of files) await writeFile(join(folder, file), text)
  } catch (cause) {
    throw new MeshError('ERR_FILE', `${folder} cannot be filled: ${explainFileError(cause)}`, { cause })
  }
  return { files: [...files.keys()], linked: await linkPlugin(folder) }
}

/**
 * Lets the plugin in a folder find the packages of this program.
 * @returns those that were linked; none: it finds all of them
 * @throws MeshError ERR_FILE
 */
export async function linkPlugin(folder: string): Promise<string[]> {
  try {
    return await linkPackages(folder, await ownPackages([...PEERS, TYPES]))
  } catch (cause) {
    throw new MeshError('ERR_FILE', `nothing can be linked in ${folder}: ${explainFileError(cause)}`, {
      cause,
    })
  }
}

/** @throws MeshError ERR_PLUGIN_FOLDER, ERR_FILE */
async function makeFolder(folder: string): Promise<void> {
  let there: string[]
  try {
    await mkdir(folder, { recursive: true })
    there = await readdir(folder)
  } catch (cause) {
    throw new MeshError('ERR_FILE', `the folder ${folder} cannot be made: ${explainFileError(cause)}`, {
      cause,
    })
  }
  if (there.length === 0) return
  throw new MeshError(
    'ERR_PLUGIN_FOLDER',
    `${folder} is there already, with ${there.slice(0, 3).join(', ')} in it, and is left as it is: give another one with --folder`,
  )
}

function renamed(text: string, name: string, shown: string): string {
  return text.replaceAll(/\.\/greeter\/|PMESH_EXT_GREETER|pmesh_ext_greeter|greeter/g, (word) => {
    if (word === './greeter/') return `${shown}/`
    if (word === 'PMESH_EXT_GREETER') return `PMESH_EXT_${wordsOf(name).toUpperCase()}`
    return word === 'greeter' ? name : `pmesh_ext_${wordsOf(name)}`
  })
}

/** Peers alone: a plugin that brought a copy of its own would be none to the node. */
function manifest(name: string, peers: readonly OwnPackage[], types: OwnPackage | undefined) {
  return {
    name: `pmesh-plugin-${wordsOf(name, '-')}`,
    version: '0.0.0',
    description: `The plugin ${name} for Pastel Mesh`,
    type: 'module',
    exports: { types: './dist/plugin.d.ts', default: './dist/plugin.js' },
    files: ['dist'],
    scripts: { build: 'tsc', prepack: 'tsc' },
    peerDependencies: Object.fromEntries(peers.map((one) => [one.name, `^${one.version}`])),
    devDependencies: {
      ...(types === undefined ? {} : { [TYPES]: `^${types.version}` }),
      typescript: TYPESCRIPT,
    },
  }
}
