import type { ControllerConfig } from './schema.ts'

/** Whether the network is a Pastel one: there is a core. */
export function hasCore({ pasteld }: Pick<ControllerConfig, 'pasteld'>): boolean {
  return (pasteld?.conf !== undefined && pasteld.conf !== 'off') || pasteld?.url !== undefined
}

/** What holds instead of the default where there is a core, by the path of the key: Pastel calls what is older obsolete. */
export const PASTEL_DEFAULTS: { readonly 'retention.maxAge': string } = {
  'retention.maxAge': '3d',
}
/** As it is shown. */
export const PASTEL_REASON = 'of Pastel, for there is a core'

/** A configuration with the defaults of Pastel, where there is a core and nobody set anything else. */
export function withPastelDefaults(config: ControllerConfig): ControllerConfig {
  const { retention = {} } = config
  if (!hasCore(config) || typeof retention !== 'object' || retention.maxAge !== undefined) return config
  return { ...config, retention: { ...retention, maxAge: PASTEL_DEFAULTS['retention.maxAge'] } }
}
