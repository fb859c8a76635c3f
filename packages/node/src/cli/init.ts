import { relative } from 'node:path'
import type { OptionValues } from 'commander'
import { readApiListen } from '../config/api-listen.ts'
import { findDataDir } from '../config/load-config.ts'
import { adoptPassphrases } from '../config/passphrase-variables.ts'
import type { DataFolder } from '../data-folder.ts'
import { filesThere, initFolder } from '../init-folder.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { table } from '../table.ts'
import { flagsOf, placesOf } from './config-options.ts'
import { json, print, printable, warn } from './output.ts'
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
  const warnings = adoptPassphrases(places.cwd)
  if (options.json !== true) for (const warning of warnings) warn(warning)
  const { folder, pastelId, apiListen, found } = await initFolder(dataDir, flagsOf(options), terminalPrompt())
  const files = await filesThere(folder)
  const next = pmeshCommand('start', options.data ?? dataDir)
  if (options.json === true) return print(json({ dataDir, pastelId, files, found, next }, 2))
  const names = new Map(Object.entries(folder).map(([name, path]) => [path, name as keyof DataFolder]))
  const rows = [
    ['data folder', dataDir],
    ['PastelID', pastelId],
    ...files.map((path) => [
      found.includes(path) ? 'found' : 'made',
      relative(dataDir, path),
      ABOUT[names.get(path) as keyof DataFolder] ?? '',
    ]),
    ['next', next],
    ...(apiListen === 'off' ? [] : [['then', `the API, with its documentation, is at ${urlOf(apiListen)}`]]),
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

/** Where a browser on this machine finds what is served there. */
function urlOf(listen: string): string {
  const { host, port } = readApiListen(listen) ?? { host: '', port: 0 }
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}/`
}
