import { Argument, type Command, Option } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'
import { warn } from '../output.ts'

const TEXT = 'the text, exactly; - or nothing: the standard input without the line feed at its end'
const SOURCES = `
The passphrase is never an argument. It comes from --passphrase-file, PMESH_PASSPHRASE, the file that
PMESH_PASSPHRASE_FILE names, the file "passphrase" in the data folder, or the terminal.`
const NEW_SOURCES = `
The new passphrase of --new-passphrase comes from PMESH_NEW_PASSPHRASE, the file that PMESH_NEW_PASSPHRASE_FILE
names, or the terminal.`

/** What concerns the keys of a data folder, in the Pastel core's own format. */
export function addId(program: Command): void {
  const id = program
    .command('id')
    .description('PastelIDs and their key files: make, show, move, sign, verify')
    .addHelpText('after', examples('pmesh id list', 'pmesh id sign "hello"'))
    .hook('preAction', async (_, command) => {
      const { adoptPassphrases } = await import('../../config/passphrase-variables.ts')
      const warnings = adoptPassphrases(process.cwd())
      if (command.opts().json !== true) for (const warning of warnings) warn(warning)
    })
  addNew(id)
  addShow(id)
  addList(id)
  addImport(id)
  addExport(id)
  addSign(id)
  addVerify(id)
}

function addNew(id: Command): void {
  id.command('new')
    .description('make a PastelID')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(passphraseOption())
    .addHelpText('after', examples('pmesh id new') + SOURCES)
    .action(async ({ data, json, passphraseFile }) => {
      const { newIdentity } = await import('../id.ts')
      await newIdentity(data, passphraseFile, json === true)
    })
}

function addShow(id: Command): void {
  id.command('show')
    .description('a PastelID, its public key and file, and whether the node uses it; needs no passphrase')
    .argument('[pastelid]', 'default: the only one')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh id show --json'))
    .action(async (pastelId, { data, json }) => {
      const { showIdentity } = await import('../id.ts')
      await showIdentity(data, pastelId, json === true)
    })
}

function addList(id: Command): void {
  id.command('list')
    .description('the PastelIDs whose key files are in the data folder')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh id list --data a'))
    .action(async ({ data, json }) => {
      const { listIdentities } = await import('../id.ts')
      await listIdentities(data, json === true)
    })
}

function addImport(id: Command): void {
  id.command('import')
    .description('take in a key file of the Pastel core or of another node, byte for byte')
    .argument('<file>', 'of whatever name: the key in it says whose it is')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(passphraseOption())
    .addOption(renewOption())
    .addHelpText('after', examples('pmesh id import ~/.pastel/pastelkeys/jX...') + SOURCES + NEW_SOURCES)
    .action(async (file, { data: dataDir, json, passphraseFile, newPassphrase }) => {
      const { importIdentity } = await import('../id-files.ts')
      const asJson = json === true
      await importIdentity({ dataDir, file, passphraseFile, isRenewed: newPassphrase === true, asJson })
    })
}

function addExport(id: Command): void {
  id.command('export')
    .description('write a copy of a key file, which the Pastel core can use')
    .usage('[options] [pastelid] <file>')
    // An argument that may be missing cannot be the first for the parser.
    .argument('<pastelid or file>')
    .argument('[file]')
    .configureHelp({
      visibleArguments: () => [
        new Argument('[pastelid]', 'whose key file it is (default: that of the only one in the data folder)'),
        new Argument(
          '<file>',
          'where the copy goes: a file, or a folder, in which it is called by its PastelID',
        ),
      ],
    })
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(passphraseOption())
    .addOption(renewOption())
    .addHelpText(
      'after',
      examples(
        'pmesh id export ~/.pastel/pastelkeys/',
        'pmesh id export PASTELID backup.key --new-passphrase',
      ) +
        SOURCES +
        NEW_SOURCES,
    )
    .action(async (first, second, { data: dataDir, json, passphraseFile, newPassphrase }) => {
      const { exportIdentity } = await import('../id-files.ts')
      const what = second === undefined ? { file: first } : { identity: first, file: second }
      const asJson = json === true
      await exportIdentity({ dataDir, ...what, passphraseFile, isRenewed: newPassphrase === true, asJson })
    })
}

function addSign(id: Command): void {
  id.command('sign')
    .description('sign a text as "pastelid sign" of the Pastel core does, and print the signature in base64')
    .argument('[text]', TEXT)
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--identity <pastelid>', 'who signs (default: the only one)')
    .addOption(passphraseOption())
    .addHelpText('after', examples('pmesh id sign "hello"', 'pmesh id sign < file.txt') + SOURCES)
    .action(async (text, { data: dataDir, json, identity, passphraseFile }) => {
      const { signText } = await import('../id-sign.ts')
      await signText({ dataDir, identity, text, passphraseFile, asJson: json === true })
    })
}

function addVerify(id: Command): void {
  id.command('verify')
    .description("whether a signature is a PastelID's over a text: exit code 0 if so, 1 if not")
    .argument('<pastelid>')
    .argument('<signature>', 'in base64')
    .argument('[text]', TEXT)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${examples('pmesh id verify jX... "$SIGNATURE" "hello"')}\nIt needs no data folder, and uses none.`,
    )
    .action(async (pastelId, signature, text, { json }) => {
      const { verifyText } = await import('../id-sign.ts')
      if (!(await verifyText({ pastelId, signature, text, asJson: json === true }))) process.exitCode = 1
    })
}

function passphraseOption(): Option {
  return new Option('--passphrase-file <file>', 'file whose only line is the passphrase')
}

function renewOption(): Option {
  return new Option('--new-passphrase', 'encrypt it under another passphrase')
}
