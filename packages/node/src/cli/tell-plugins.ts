import { isSecretName } from '@pastel-mesh/identity'
import type { Logger } from 'pino'
import { shownPluginValue } from '../config/plugin-sections.ts'
import type { PluginLogEntry } from '../plugins/hosted-plugin.ts'
import { printable } from './output.ts'

/** Logs what plugins have to say. On a terminal fields are not shown otherwise, nor who speaks: there they are in the line. */
export function pluginTeller(
  logger: Logger,
  { isPretty }: { readonly isPretty: boolean },
): (entry: PluginLogEntry) => void {
  return ({ level, plugin, message, fields = {} }) =>
    logger[level](
      { ...fields, event: 'plugin', plugin },
      isPretty ? printable(`${plugin}: ${message}${describe(fields)}`) : message,
    )
}

function describe(fields: NonNullable<PluginLogEntry['fields']>): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${isSecretName(name) ? '(secret)' : shownPluginValue(value)}`)
    .join('')
}
