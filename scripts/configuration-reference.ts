import type { ConfigKey } from '../packages/node/src/config/config-key.ts'
import { CONFIG_KEYS } from '../packages/node/src/config/config-keys.ts'

const HEAD = `# Configuration

<!-- Made by scripts/make-configuration-reference.ts from the schema: change that, and run it. -->

A value is looked for in this order; the first place that has it wins, and a list there replaces those of the others:

1. the flags of \`pmesh start\`,
2. variables of the environment, \`PMESH_…\`; lists are separated by commas, and an empty variable counts as not there,
3. the same variables in the file \`.env\` of the current directory, and of no other folder,
4. \`pmesh.yaml\` in the data folder, or the file that \`--config\` or \`PMESH_CONFIG\` names,
5. the default.

\`pmesh init\` makes a data folder with a commented \`pmesh.yaml\`. \`pmesh config print\` shows every value and where it comes from, \`pmesh config check\` says all that is wrong, each with its value and place (\`pmesh.yaml:12\`), in the member file too, and whether the data folder is there. \`pmesh config show\` shows what a running node is set to, and \`pmesh config reload\`, or SIGHUP, has it read its settings again ([which are applied at once](../guides/settings.md)). A wrong value, or a key that does not exist, ends the start with \`ERR_CONFIG\`. A variable \`PMESH_…\` that is no setting is only warned of: container platforms make variables of that kind.

A line of \`.env\` is \`NAME=VALUE\`, with or without \`export\` before it; a value with spaces at its ends, \`#\` or line ends is in quotes, and \`#\` begins a comment. A line that is none of these sets nothing; the commands that read it warn of it with its number.

Durations are \`500ms\`, \`10s\`, \`10m\`, \`2h\`, \`3d\`, \`1w\`, always with a unit. Sizes are \`64KiB\`, \`10MB\`, \`1.5GiB\`; a number alone is bytes. Booleans are \`true\`, \`false\`, \`yes\`, \`no\`, \`on\`, \`off\`, \`1\`, \`0\`. Addresses are \`192.0.2.1:7124\`, \`[2001:db8::1]:7124\`, \`example.org:7124\` (not to listen on), \`*:7124\` (to listen on all IPv4 addresses; \`[::]:7124\` for IPv6), or multiaddrs: \`/ip4/192.0.2.1/tcp/7124\`, \`/ip4/127.0.0.1/tcp/7125/ws\`.

\`\`\`yaml
network: mainnet
listen: ['*:7124']
topics: [prices, news/eu]
sync:
  history: 7d
retention:
  maxSize: 64GiB
\`\`\`

## Keys

The flag of a list may be repeated, each time with one value.

`

const TAIL = `
\`createController\` takes the same keys as an object, with the data folder as \`dataDir\`: \`{ dataDir: './data', topics: ['prices'], sync: { history: '7d' } }\`. There a duration may be a number of milliseconds as well, and a size a number of bytes.

More of: [\`disk.minFree\`](../guides/full-disk.md), [\`sync.lostAfter\` and \`sync.history\`](../architecture.md#the-life-of-a-log). What this node published and nobody else has yet is kept whatever \`retention\` says; so are direct messages, own ones and those in its [mailbox](../guides/delivery.md#mailboxes), until they are delivered or expire.

What a plugin is set to is in a section of its own, \`ext.<name>\`, in \`pmesh.yaml\`, in what \`createController\` takes, or as YAML in the variable \`PMESH_EXT_<NAME>\`, whose keys win over those of the file: \`PMESH_EXT_PRICE_FEED='{pair: PSL/USD, every: 1m}'\` is the section of the plugin \`priceFeed\`. The plugin says which keys there are ([write a plugin](../guides/plugins.md)); a section of a plugin that is not there is an error.

## What is no key

| flag | variable | default | meaning |
|---|---|---|---|
| \`-d\`, \`--data <folder>\` | \`PMESH_DATA\` | \`./.pmesh\` | folder for the database, keys, member file, settings and socket; made if it is not there, for its owner only |
| \`--config <file>\` | \`PMESH_CONFIG\` | \`pmesh.yaml\` in the data folder | file with settings; one that is named has to be there |
| | \`PMESH_PASSPHRASE\` | the file \`passphrase\` in the data folder | passphrase of the identity's key file; never a flag, which others would see |
| | \`PMESH_PASSPHRASE_FILE\` | none | file that holds it |
| | \`PMESH_NEW_PASSPHRASE\`, \`PMESH_NEW_PASSPHRASE_FILE\` | the terminal | the new one, for \`pmesh id import\` and \`export\` with \`--new-passphrase\` |

The variables of this table are read from \`.env\` as well. The identity's key file is \`pastelkeys/<PastelID>\` in the data folder ([keys](../guides/keys.md)); without a passphrase anywhere, and with a terminal, the node asks for it.
`

/** The text of docs/reference/configuration.md. */
export function configurationReference(): string {
  const rows = CONFIG_KEYS.map((key) => `| ${cells(key).map(escapeBars).join(' | ')} |`)
  return `${HEAD}| key | flag | variable | default | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n${TAIL}`
}

function cells(key: ConfigKey): string[] {
  const short = key.short === undefined ? '' : `${code(`-${key.short}`)}, `
  return [
    code(key.path),
    `${short}${code(`${key.flag} ${key.placeholder}`)}`,
    code(key.variable),
    describeDefault(key),
    key.about,
  ]
}

function describeDefault({ fallback, otherwise }: ConfigKey): string {
  if (fallback === undefined) return otherwise ?? 'none'
  if (!Array.isArray(fallback)) return code(String(fallback))
  return fallback.length === 0 ? 'none' : fallback.map(code).join(', ')
}

function code(text: string): string {
  return `\`${text}\``
}

function escapeBars(text: string): string {
  return text.replaceAll('|', '\\|')
}
