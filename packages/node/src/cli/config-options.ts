import { type Command, Option, type OptionValues } from 'commander'
import type { ConfigKey } from '../config/config-key.ts'
import { CONFIG_KEYS } from '../config/config-keys.ts'
import type { ConfigFlags } from '../config/flags.ts'
import type { ConfigPlaces } from '../config/load-config.ts'
import { collect } from './options.ts'

/** Those of a new folder: what makes it another node than the rest. */
const INITIAL = [
  'network',
  'listen',
  'announce',
  'bootstrap',
  'topics',
  'relay',
  'members',
  'api.listen',
  'api.admins',
  'metrics.listen',
]

/** Gives a command a flag for every key, and those that say where the rest is. */
export function addConfigOptions(command: Command): void {
  addDataOption(command)
  command.option(
    '--config <file>',
    'file with settings (default: pmesh.yaml in the data folder; env: PMESH_CONFIG)',
  )
  for (const key of CONFIG_KEYS) command.addOption(optionOf(key))
}

/** The flags of a folder that is made. */
export function addInitialOptions(command: Command): void {
  addDataOption(command)
  for (const key of CONFIG_KEYS) if (INITIAL.includes(key.path)) command.addOption(optionOf(key))
}

/** Where the configuration of a command is. */
export function placesOf(options: OptionValues): ConfigPlaces {
  return {
    flags: flagsOf(options),
    env: process.env,
    cwd: process.cwd(),
    dataDir: options.data,
    configFile: options.config,
  }
}

/** What was given of the keys. */
export function flagsOf(options: OptionValues): ConfigFlags {
  const given = CONFIG_KEYS.map((key) => [key.path, options[optionOf(key).attributeName()]] as const)
  // A flag without its value is on.
  return Object.fromEntries(given.map(([path, value]) => [path, value === true ? 'yes' : value]))
}

function addDataOption(command: Command): void {
  command.option('-d, --data <folder>', 'data folder of the node (default: ./.pmesh; env: PMESH_DATA)')
}

function optionOf(key: ConfigKey): Option {
  const short = key.short === undefined ? '' : `-${key.short}, `
  const option = new Option(`${short}${key.flag} ${key.placeholder}`, describe(key))
  if (key.isList === true) option.argParser(collect)
  return option
}

function describe({ about, isList, fallback, otherwise }: ConfigKey): string {
  const value = fallback === undefined ? otherwise : String(fallback)
  const notes = [
    ...(isList === true ? ['may be repeated'] : []),
    ...(value === undefined || value === '' ? [] : [`default: ${value}`]),
  ]
  return notes.length === 0 ? about : `${about} (${notes.join('; ')})`
}
