import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { importSpecifiers } from './import-specifiers.ts'

/** From the top: every package may import those before it. `example-*` packages stand outside the row. */
const ORDER = [
  'identity',
  'protocol',
  'storage',
  'queue',
  'sdk-node',
  'pasteld',
  'contracts',
  'sdk-server',
  'sdk-client',
  'gateways',
  'dashboard',
  'node',
  'testkit',
  'bench',
]
const SCOPE = '@pastel-mesh/'
/**
 * Packages of which others use nothing but types, which a build takes into their own declarations: who installs the
 * one does not get the other.
 */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { 'sdk-client': ['sdk-server'] }
const FOR_TESTS_ONLY = new Set(['testkit', 'bench'])
const TEST_FOLDERS = new Set(['test', 'tests', '__tests__'])
/** The fields of a package.json that a package needs when it runs; devDependencies serve its tests. */
const RUN_TIME_FIELDS = ['dependencies', 'peerDependencies', 'optionalDependencies'] as const

interface Manifest extends Partial<Record<(typeof RUN_TIME_FIELDS)[number], Record<string, string>>> {}

/** What the check found: one line for each violation, none if all is well. */
export interface DirectionReport {
  violations: string[]
  packages: number
  files: number
}

/**
 * Checks the packages under `root`/packages: a package imports only packages above it, through their door
 * (src/index.ts), and declares what it imports. Tests are exempt: a test may stand on whatever it needs.
 */
export function checkPackageDirection(root: string): DirectionReport {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'packages', entry.name, 'package.json')))
    .map((entry) => entry.name)
    .sort()
  const known = new Set(packages)
  const violations: string[] = []
  let files = 0

  for (const name of packages) {
    const folder = join(root, 'packages', name)
    if (!isExample(name) && !ORDER.includes(name)) {
      violations.push(`packages/${name} has no place in the order: give it one in scripts/direction-rule.ts`)
      continue
    }
    const manifestText = readFileSync(join(folder, 'package.json'), 'utf8')
    const declared = declaredDependencies(manifestText)
    for (const dependency of declared) {
      const complaint = isTypesOnly(name, dependency)
        ? 'of which it uses types alone: that belongs to devDependencies'
        : internalComplaint(name, dependency, known)
      if (!complaint) continue
      const line = lineOf(manifestText, `"${dependency}"`)
      violations.push(`packages/${name}/package.json:${line} depends on ${dependency}, ${complaint}`)
    }
    for (const file of globSync('src/**/*.{ts,tsx}', { cwd: folder }).sort()) {
      files += 1
      const text = readFileSync(join(folder, file), 'utf8')
      for (const { specifier, line } of importSpecifiers(text)) {
        const complaint =
          typesOnlyComplaint(name, specifier, text) ??
          specifierComplaint({ folder, name, file, specifier, declared, known })
        if (!complaint) continue
        const where = `packages/${name}/${file.split(sep).join('/')}:${line}`
        violations.push(`${where} imports ${specifier}, ${complaint}`)
      }
    }
  }
  return { violations, packages: packages.length, files }
}

interface Use {
  folder: string
  name: string
  /** Relative to the folder. */
  file: string
  specifier: string
  declared: Set<string>
  known: Set<string>
}

/** What is wrong with one import of one source file, if anything. */
function specifierComplaint({ folder, name, file, specifier, declared, known }: Use): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    const segments = relative(folder, resolve(folder, dirname(file), specifier)).split(sep)
    if (specifier.startsWith('/') || segments[0] === '..') return `which leaves packages/${name}`
    if (segments.some((segment) => TEST_FOLDERS.has(segment))) return 'which is in a test folder'
    return undefined
  }
  if (isBuiltin(specifier) || specifier.startsWith('#')) return undefined
  const dependency = packageOf(specifier)
  const complaint = internalComplaint(name, dependency, known)
  if (complaint) return complaint
  if (dependency.startsWith(SCOPE) && specifier !== dependency)
    return `which goes past the door of ${dependency}`
  if (isTypesOnly(name, dependency)) return undefined
  if (!declared.has(dependency)) return `which packages/${name}/package.json does not declare in dependencies`
  return undefined
}

function isTypesOnly(name: string, dependency: string): boolean {
  return TYPES_ONLY[name]?.some((other) => dependency === SCOPE + other) === true
}

/** Whether a file takes more than types of a package that is not there when it runs. */
function typesOnlyComplaint(name: string, specifier: string, text: string): string | undefined {
  if (!isTypesOnly(name, specifier)) return undefined
  const count = (pattern: string) =>
    [...text.matchAll(new RegExp(`${pattern}['"]${specifier}['"]`, 'g'))].length
  const ofTypes = count('\\b(?:import|export)\\s+type\\s+\\{[^}]*\\}\\s*from\\s*')
  return ofTypes === count('') ? undefined : 'of which it may use types alone, with `import type`'
}

/** Why package `name` may not use `dependency`; undefined when it may, or when it is not ours. */
function internalComplaint(name: string, dependency: string, known: Set<string>): string | undefined {
  if (!dependency.startsWith(SCOPE)) return undefined
  const other = dependency.slice(SCOPE.length)
  if (!known.has(other)) return 'which is no package of this repository'
  if (isExample(other)) return 'which is an example'
  if (isExample(name)) return FOR_TESTS_ONLY.has(other) ? 'which is for tests and benchmarks only' : undefined
  return ORDER.indexOf(other) < ORDER.indexOf(name) ? undefined : `which is not above ${name}`
}

function declaredDependencies(manifestText: string): Set<string> {
  const manifest: Manifest = JSON.parse(manifestText)
  return new Set(RUN_TIME_FIELDS.flatMap((field) => Object.keys(manifest[field] ?? {})))
}

/** `@scope/name/sub/path` → `@scope/name`; `name/sub/path` → `name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isExample(name: string): boolean {
  return name.startsWith('example-')
}

function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length
}
