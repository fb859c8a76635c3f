import { relative } from 'node:path'
import type { OptionValues } from 'commander'
import { findDataDir } from '../config/load-config.ts'
import { adoptPassphrases } from '../config/passphrase-variables.ts'
import type { DataFolder } from '../data-folder.ts'
import { filesThere, initFolder } from '../init-folder.ts'
import { table } from '../table.ts'
import { flagsOf, placesOf } from './config-options.ts'
import { json, print, printable } from './output.ts'
import { terminalPrompt } from './terminal-prompt.ts'

/** What the files are for. */
const ABOUT: Partial<Record<keyof DataFolder, string>> = {
  config: 'settings, to be edited',
  members: 'who may take part, one PastelID a line',
  keys: 'key of the PastelID, encrypted: keep a copy',
  passphrase: 'passphrase of that key: keep a copy elsewhere',
  nodeKey: 'key of the node on the network',
}

/** Makes a data folder. */
export async function init(options: OptionValues): Promise<void> {
  const places = placesOf(options)
  const dataDir = findDataDir(places)
  adoptPassphrases(places.cwd)
  const { folder, pastelId } = await initFolder(dataDir, flagsOf(options), terminalPrompt())
  const files = await filesThere(folder)
  const next = `pmesh start${options.data === undefined ? '' : ` --data ${quoted(options.data)}`}`
  if (options.json === true) return print(json({ dataDir, pastelId, files, next }, 2))
  const names = new Map(Object.entries(folder).map(([name, path]) => [path, name as keyof DataFolder]))
  const rows = [
    ['data folder', dataDir],
    ['PastelID', pastelId],
    ...files.map((path) => [
      'made',
      relative(dataDir, path),
      ABOUT[names.get(path) as keyof DataFolder] ?? '',
    ]),
    ['next', next],
  ]
  // Only the files have a third column, and only they are to be as wide as each other.
  const widest = Math.max(...files.map((path) => relative(dataDir, path).length))
  print(
    table(
      rows.map(([what = '', text = '', about]) =>
        [what, about === undefined ? text : `${text.padEnd(widest)}  ${about}`].map(printable),
      ),
    ),
  )
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
