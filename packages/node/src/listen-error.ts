import { MeshError } from '@pastel-mesh/identity'

/** What the system's codes mean to whoever chose the address. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another program: choose another with --listen ADDRESS:PORT',
  EADDRNOTAVAIL: 'this machine does not have that address: choose another with --listen ADDRESS:PORT',
  EACCES: 'the system does not permit it: ports below 1024 are often reserved',
}

/** libp2p gives paragraphs and stacks when it cannot listen. This says in one line which address, and why. */
export function explainListenError(error: unknown): unknown {
  if (!(error instanceof MeshError) || error.code !== 'ERR_LISTEN') return error
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
