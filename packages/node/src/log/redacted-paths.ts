/** Names under which something secret may stand in what is logged, at the top or one or two levels down. */
const SECRETS = [
  'passphrase',
  'newPassphrase',
  'password',
  'rpcpassword',
  'secret',
  'seed',
  'privateKey',
  'authorization',
  'cookie',
  'token',
]

export const REDACTED_PATHS = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
