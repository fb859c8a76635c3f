import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { explainFileError, isSecretName, MeshError } from '@pastel-mesh/identity'
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { closestName } from './closest-name.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type ConfigKey, isOpenly } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import type { Origin } from './origin.ts'
import { plainValue } from './plugin-sections.ts'
import { type Setting, type Source, valueOfText } from './setting.ts'

/** A configuration takes a few KiB; anything of this size is another file. */
const MAX_FILE_BYTES = 1024 * 1024
/** Characters of a value that is no value, for the message. */
const MAX_WRITTEN = 200

/**
 * What a file `pmesh.yaml` says; undefined if there is none.
 * @param isNamed it need not lie in the data folder
 * @throws MeshError ERR_CONFIG if it cannot be read; ERR_DATA_FOLDER if that is because of the folder it is in
 */
export async function yamlSource(
  path: string,
  { isNamed }: { isNamed: boolean },
): Promise<Source | undefined> {
  const size = await sizeOf(path, isNamed)
  if (size === undefined) return undefined
  if (size > MAX_FILE_BYTES) {
    throw new ConfigError([{ reason: `the file ${path} has ${size} bytes: that is no configuration` }])
  }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError([{ reason: `the file ${path} cannot be read: ${explainFileError(error)}` }])
  }
  return parseYaml(text, path)
}

async function sizeOf(path: string, isNamed: boolean): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const message = `the ${isNamed ? 'folder' : 'data folder'} ${dirname(path)} cannot be used: ${explainFileError(cause)}`
    throw new MeshError('ERR_DATA_FOLDER', message, { cause })
  }
}

/** What the text of a file says; `path` is for the messages. */
function parseYaml(text: string, path: string): Source {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const syntax = [...document.errors, ...document.warnings]
  if (syntax.length > 0) {
    const problems = syntax.map(({ code, message, pos: [offset] }) => {
      const { line, col } = lines.linePos(offset)
      const [key = ''] = /^[^:\s]{1,80}/.exec(text.slice(offset)) ?? []
      const reason =
        code === 'DUPLICATE_KEY'
          ? `the key ${key} is further up already: write there what belongs to it`
          : message.split('\n')[0]
      return { reason: `${path}:${line}:${col}: ${reason}` }
    })
    return { settings: new Map(), problems }
  }
  return new Reading(path, text, lines, document).read(document.contents)
}

/** The section with those of plugins. */
const EXT = 'ext'

/** One reading of a file. */
class Reading {
  readonly #path: string
  readonly #text: string
  readonly #lines: LineCounter
  readonly #document: Document.Parsed
  readonly #settings = new Map<string, Setting>()
  readonly #problems: ConfigProblem[] = []
  readonly #sections: Record<string, Record<string, unknown>> = Object.create(null)
  readonly #sectionOrigins = new Map<string, Origin>()

  constructor(path: string, text: string, lines: LineCounter, document: Document.Parsed) {
    this.#path = path
    this.#text = text
    this.#lines = lines
    this.#document = document
  }

  read(contents: ParsedNode | null): Source {
    if (isMap(contents)) this.#readSection(contents as YAMLMap.Parsed, [])
    else if (contents !== null && !isNothing(contents)) {
      this.#problems.push({
        key: 'configuration',
        value: this.#written(contents),
        origin: this.#originOf(contents),
        reason: 'the file has no keys: write network: local, for example',
      })
    }
    const plugins = { sections: this.#sections, origins: this.#sectionOrigins }
    return { settings: this.#settings, plugins, problems: this.#problems }
  }

  /** What is set for plugins: `ext`, with a section for each. */
  #readPlugins(sections: ParsedNode | null): void {
    if (sections === null || isNothing(sections)) return
    for (const { key: name, value } of this.#itemsOf(sections, EXT)) {
      const path = `${EXT}.${name}`
      this.#sectionOrigins.set(path, this.#originOf(value ?? sections))
      const section: Record<string, unknown> = Object.create(null)
      if (value === null || isNothing(value)) continue
      for (const { key, value: inner } of this.#itemsOf(value, path)) {
        this.#sectionOrigins.set(`${path}.${key}`, this.#originOf(inner ?? value))
        section[key] = inner === null ? null : plainValue(inner, this.#document)
        if (section[key] !== undefined) continue
        const reason = 'aliases (*name) are not taken here: write the value itself'
        this.#problems.push({ key: `${path}.${key}`, origin: this.#originOf(inner ?? value), reason })
      }
      this.#sections[name] = section
    }
  }

  /** The keys and values of a section; what is none is a problem. */
  #itemsOf(node: ParsedNode, path: string): { key: string; value: ParsedNode | null }[] {
    if (isMap(node)) {
      return (node as YAMLMap.Parsed).items.map(({ key, value }) => ({
        key: isScalar(key) ? textOf(key) : '?',
        value,
      }))
    }
    // Without the value: it may be a secret, whatever its name is.
    this.#problems.push({
      key: path,
      origin: this.#originOf(node),
      reason: 'not a section: it has keys of its own',
    })
    return []
  }

  #readSection(section: YAMLMap.Parsed, parents: readonly string[]): void {
    for (const { key: name, value } of section.items) {
      const parts = [...parents, isScalar(name) ? textOf(name) : '?']
      const path = parts.join('.')
      const key = CONFIG_KEYS.find((known) => known.path === path)
      if (key !== undefined) this.#readValue(key, value)
      else if (path === EXT) this.#readPlugins(value)
      else if (!isSection(path)) {
        const reason = `there is no such key${adviceFor(path)}`
        const shown = isSecretName(path) ? undefined : this.#written(value)
        this.#problems.push({ key: path, value: shown, origin: this.#originOf(name), reason })
      } else if (isMap(value)) this.#readSection(value as YAMLMap.Parsed, parts)
      else if (value !== null && !isNothing(value)) {
        this.#problems.push({
          key: path,
          value: this.#written(value),
          origin: this.#originOf(value),
          reason: 'not a section: it has keys of its own',
        })
      }
    }
  }

  #readValue(key: ConfigKey, node: ParsedNode | null): void {
    // As if the line were not there: whoever comments out the last value of a list leaves it so.
    if (node === null || isNothing(node)) return
    const origin = this.#originOf(node)
    if (key.isList !== true) {
      if (isScalar(node)) {
        const value = valueOfText(key, textOf(node))
        this.#settings.set(key.path, { key, value, origin })
        return
      }
      const reason = `one value is needed: ${key.placeholder}`
      const value = isOpenly(key) ? this.#written(node) : undefined
      this.#problems.push({ key: key.path, value, origin, reason })
      return
    }
    if (!isSeq(node) || !node.items.every((item) => isScalar(item))) {
      const reason = 'a list is needed: [first, second]'
      this.#problems.push({ key: key.path, value: this.#written(node), origin, reason })
      return
    }
    const items = node.items as Scalar.Parsed[]
    const itemOrigins = items.map((item) => this.#originOf(item))
    this.#settings.set(key.path, { key, value: items.map(textOf), origin, itemOrigins })
  }

  /** The beginning of a value, as it is in the file; null: there is none. */
  #written(node: ParsedNode | null): string | null {
    if (node === null || isNothing(node)) return null
    if (isScalar(node)) return textOf(node)
    const [begin, end] = node.range
    return this.#text.slice(begin, Math.min(end, begin + MAX_WRITTEN)).trim()
  }

  #originOf({ range: [offset] }: ParsedNode): Origin {
    return { kind: 'file', path: this.#path, line: this.#lines.linePos(offset).line }
  }
}

function isSection(path: string): boolean {
  return CONFIG_KEYS.some((key) => key.path.startsWith(`${path}.`))
}

/** As it is written: `1e3`, `yes` and `0x10` are what the schema says they are, not what YAML does. */
function textOf(scalar: Scalar.Parsed): string {
  return typeof scalar.value === 'string' ? scalar.value : scalar.source
}

function isNothing(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null
}

function adviceFor(path: string): string {
  if (path === 'dataDir' || path === 'data') return ': the data folder is named by --data or PMESH_DATA'
  const last = path.slice(path.lastIndexOf('.') + 1)
  const paths = CONFIG_KEYS.map((key) => key.path)
  const meant =
    closestName(path, paths) ??
    // In the wrong section, or in none.
    CONFIG_KEYS.find(({ parts }) => closestName(last, [parts.at(-1) as string]) !== undefined)?.path
  return meant === undefined ? '' : `: did you mean ${meant}?`
}
