import { existsSync, readFileSync } from 'node:fs'
import { mkdir, realpath, rm, symlink } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A package of the running program. */
export interface OwnPackage {
  readonly name: string
  readonly version: string
  /** Its folder, as it really is. */
  readonly folder: string
}

const SELF = '@pastel-mesh/node'
/** This very package: a link, or a folder of `node_modules`, may lead to it by another path. */
const OWN_FOLDER = dirname(dirname(import.meta.dirname))

/** Those of some packages that the program has. */
export async function ownPackages(names: readonly string[]): Promise<OwnPackage[]> {
  const found = await Promise.all(names.map(ownPackage))
  return found.filter((one) => one !== undefined)
}

async function ownPackage(name: string): Promise<OwnPackage | undefined> {
  const manifest =
    name === SELF ? join(OWN_FOLDER, 'package.json') : findManifest(name, pathToFileURL(import.meta.filename))
  if (manifest === undefined) return undefined
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }
  return { name, version, folder: await realpath(dirname(manifest)) }
}

/**
 * Lets what is in a folder find packages of the running program, as `npm link` does, where it would find another copy, or
 * none: two copies of one package do not know each other's plugins.
 * @returns names of those that were linked
 */
export async function linkPackages(folder: string, packages: readonly OwnPackage[]): Promise<string[]> {
  const linked: string[] = []
  for (const { name, folder: target } of packages) {
    const found = findManifest(name, pathToFileURL(join(folder, 'package.json')))
    if (found !== undefined && (await realpath(dirname(found))) === target) continue
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await rm(link, { force: true, recursive: true })
    // On Windows a junction, which needs no rights of its own.
    await symlink(target, link, 'junction')
    linked.push(name)
  }
  return linked
}

function findManifest(name: string, from: URL): string | undefined {
  try {
    const found = findPackageJSON(name, from)
    return found !== undefined && existsSync(found) ? found : undefined
  } catch {
    return undefined
  }
}
