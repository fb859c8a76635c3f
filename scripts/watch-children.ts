/** For programs that tests start (`--import`): what their own children write is searched as well. */
import { PASSPHRASE_PREFIX } from '../packages/testkit/src/secrets.ts'
import { watchForSecrets } from './secret-watch.ts'

// Whoever reads this output finds the secret in it.
watchForSecrets((where) => process.stderr.write(`a secret is in a log: ${where} ${PASSPHRASE_PREFIX}\n`))
