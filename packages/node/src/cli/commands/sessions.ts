import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addSessions(program: Command): void {
  const sessions = program
    .command('sessions')
    .description('who is logged in to the API: list it, and end sessions')
    .addHelpText('after', examples('pmesh sessions'))

  sessions
    .command('list', { isDefault: true })
    .description('the sessions, the newest first')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh sessions list --json'))
    .action(async ({ data, json }) => {
      const { listSessions } = await import('../sessions.ts')
      await listSessions(data, json === true)
    })

  sessions
    .command('revoke')
    .description('end a session, at once')
    .argument('<id>', 'as "pmesh sessions" shows it')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh sessions revoke 1f0c2a9b44d1e7f3'))
    .action(async (id, { data, json }) => {
      const { revokeSession } = await import('../sessions.ts')
      await revokeSession(data, id, json === true)
    })
}
