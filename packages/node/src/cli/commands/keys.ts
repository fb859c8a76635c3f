import type { Command } from 'commander'
import { collect, dataOption, examples, jsonOption } from '../options.ts'
import { parseExpiry } from '../parse-time.ts'
import { parseSpan } from './job-options.ts'

export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('service keys, with which applications call the API: list, create, rotate and revoke them')
    .addHelpText('after', examples('pmesh keys', 'pmesh keys create shop --scope send'))

  keys
    .command('list', { isDefault: true })
    .description('the keys, the oldest first; never their secrets')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh keys list --json'))
    .action(async ({ data, json }) => {
      const { listKeys } = await import('../keys.ts')
      await listKeys(data, json === true)
    })

  keys
    .command('create')
    .description('make a key; its secret is shown once')
    .argument('<name>', 'what it is for')
    .option('--scope <scope>', 'what it may: read, or send (may be repeated)', collect)
    .option('--expires <time>', 'until when it is good, such as 90d or 2027-01-31', parseExpiry)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh keys create shop --scope read --scope send --expires 90d'))
    .action(async (name, { data, scope, expires, json }, command: Command) => {
      // Not before it is known that there is a name.
      if (scope === undefined) command.error("error: required option '--scope <scope>' not specified")
      const { createKey } = await import('../keys.ts')
      await createKey(data, { name, scopes: scope, expiresAt: expires }, json === true)
    })

  keys
    .command('rotate')
    .description('give a key another secret; the old one is good for a while')
    .argument('<id>', 'as "pmesh keys" shows it')
    .option('--overlap <time>', 'how long, such as 10m; 0s: no longer (default: 1d)', parseOverlap)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh keys rotate 1f0c2a9b44d1e7f3 --overlap 1h'))
    .action(async (id, { data, overlap, json }) => {
      const { rotateKey } = await import('../keys.ts')
      await rotateKey(data, id, overlap, json === true)
    })

  keys
    .command('revoke')
    .description('take a key from whoever has it, at once')
    .argument('<id>', 'as "pmesh keys" shows it')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh keys revoke 1f0c2a9b44d1e7f3'))
    .action(async (id, { data, json }) => {
      const { revokeKey } = await import('../keys.ts')
      await revokeKey(data, id, json === true)
    })
}

function parseOverlap(text: string): number {
  return /^0[a-z]*$/.test(text) ? 0 : parseSpan(text)
}
