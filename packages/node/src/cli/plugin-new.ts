import { relative, resolve } from 'node:path'
import { defaultDataDir } from '../default-data-dir.ts'
import { linkPlugin, newPlugin } from '../plugins/new-plugin.ts'
import { pmeshCommand, quoted } from '../pmesh-command.ts'
import { table } from '../table.ts'
import { json, print, printable } from './output.ts'

/** What the files are for. */
const ABOUT: Readonly<Record<string, string>> = {
  'plugin.ts': 'what the node runs: procedures, a job, a background task, handlers of messages',
  'call.ts': 'an application that calls it',
  'README.md': 'how it goes on',
}

/** Makes the folder of a plugin. @param folder undefined: one of its name, here */
export async function makePlugin(name: string, folder: string | undefined, asJson: boolean): Promise<void> {
  const path = resolve(folder ?? name)
  const shown = shownPath(path)
  const { files, linked } = await newPlugin({ name, folder: path, shown })
  const dataDir = process.env.PMESH_DATA || defaultDataDir()
  const next = [
    pmeshCommand(`start --plugin ${quoted(`${shown}/plugin.ts`)}`, dataDir),
    `export PMESH_KEY=$(${pmeshCommand('keys create caller --scope read --scope send', dataDir)})`,
    `node ${quoted(`${shown}/call.ts`)}`,
  ]
  if (asJson) return print(json({ name, folder: path, files, linked, next }, 2))
  const widest = Math.max(...files.map((file) => file.length))
  const [start = '', ...then] = next
  const rows = [
    ['plugin', name],
    ['folder', path],
    ...files.map((file) => ['made', `${file.padEnd(widest)}  ${ABOUT[file] ?? ''}`.trimEnd()]),
    ...(linked.length === 0 ? [] : [['linked', linked.join(', ')]]),
    ['next', start],
    ...then.map((command, index) => [index === 0 ? 'then' : '', command]),
  ]
  print(table(rows.map((row) => row.map(printable))))
}

/** Links the packages of this program into the folder of a plugin. */
export async function linkHere(folder: string, asJson: boolean): Promise<void> {
  const path = resolve(folder)
  const linked = await linkPlugin(path)
  if (asJson) return print(json({ folder: path, linked }, 2))
  print(
    printable(
      linked.length === 0
        ? `${path} finds all packages of this pmesh already`
        : `linked  ${linked.join(', ')} in ${path}`,
    ),
  )
}

/** From here, if it is below: a path that begins with a dot or a slash, which a package's name does not. */
function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : `./${fromHere}`.replace(/\/$/, '')
}
