import { type Command, Option } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'verify the proof of a message: signature, position, link to what came before; exits with 1 if it does not hold',
    )
    .argument('[message-id]', 'as "pmesh publish" prints it, or "pmesh messages --ids"')
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--out <file>', 'save the proof: the signed batch as it is, which others verify with --proof')
    .addOption(
      new Option('--proof <file>', 'verify this proof; needs neither node nor data folder').conflicts('out'),
    )
    .addOption(
      new Option(
        '--disclosed <file>',
        'verify, and show, what "pmesh export --disclose" wrote; needs neither node nor data folder',
      ).conflicts(['out', 'proof']),
    )
    .addHelpText(
      'after',
      examples(
        'pmesh verify q3lkzxn6rvoh2u5dmjw7t4bcay-12 --out trade.proof',
        'pmesh verify --proof trade.proof q3lkzxn6rvoh2u5dmjw7t4bcay-12',
        'pmesh verify --disclosed contract.disclosed',
      ),
    )
    .action(async (id, { data, json, out, proof, disclosed }) => {
      if (disclosed !== undefined) {
        const { verifyDisclosed } = await import('../verify-disclosed.ts')
        if (!(await verifyDisclosed({ file: disclosed, id, asJson: json === true }))) process.exitCode = 1
        return
      }
      const { verify } = await import('../verify.ts')
      const isValid = await verify(data, { id, proofFile: proof, outFile: out, asJson: json === true })
      if (!isValid) process.exitCode = 1
    })
}
