import { MeshError } from '@pastel-mesh/identity'

/** What the system's codes mean to whoever chose the address. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another program: choose another with --listen ADDRESS:PORT',
  EADDRNOTAVAIL: 'this machine does not have that address: choose another with --listen ADDRESS:PORT',
  EACCES: 'the system does not permit it: ports below 1024 are often reserved',
}

/** Of what is served by HTTP: the setting that says where. */
const HTTP_SETTINGS: Readonly<Record<string, string>> = {
  ERR_API_LISTEN: '--api-listen (api.listen)',
  ERR_METRICS_LISTEN: '--metrics-listen (metrics.listen)',
}

/** libp2p gives paragraphs and stacks when it cannot listen. This says in one line which address, and why. */
export function explainListenError(error: unknown): unknown {
  if (!(error instanceof MeshError)) return error
  const setting = HTTP_SETTINGS[error.code]
  if (setting !== undefined) {
    return new MeshError(error.code, `${error.message}; ${setting} says where`, { cause: error })
  }
  if (error.code !== 'ERR_LISTEN') return error
  const failures = [...error.message.matchAll(/^\s*(\/\S+): .*?\b(E[A-Z]{3,})\b/gm)]
  const [firstLine = ''] = error.message.split('\n')
  const message =
    failures.length === 0
      ? firstLine
      : failures
          .map(([, address, code = '']) => `the node cannot listen on ${address}: ${REASONS[code] ?? code}`)
          .join('; ')
  return new MeshError('ERR_LISTEN', message, { cause: error })
}
