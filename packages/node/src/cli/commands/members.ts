import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addMembers(program: Command): void {
  const members = program
    .command('members')
    .description('who may take part: list, add and remove PastelIDs, while the node runs')
    .addHelpText('after', examples('pmesh members list', 'pmesh members add PASTELID'))

  members
    .command('list', { isDefault: true })
    .description('the members')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh members list --json'))
    .action(async ({ data, json }) => {
      const { listMembers } = await import('../members.ts')
      await listMembers(data, json === true)
    })

  members
    .command('add')
    .description('make a PastelID a member, or give it another role; it can connect at once')
    .argument('<pastelid>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--role <role>', 'its role')
    .addHelpText('after', examples('pmesh members add PASTELID --role supernode'))
    .action(async (pastelId, { data, json, role }) => {
      const { addMember } = await import('../members.ts')
      await addMember(data, { pastelId, role }, json === true)
    })

  members
    .command('remove')
    .description('let a PastelID take part no more: it is cut off at once, what it published stays')
    .argument('<pastelid>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh members remove PASTELID'))
    .action(async (pastelId, { data, json }) => {
      const { removeMember } = await import('../members.ts')
      await removeMember(data, pastelId, json === true)
    })
}
