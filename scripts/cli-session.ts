/** One command of the session that docs/reference/cli.md shows. */
export interface Step {
  /** Begins a section. */
  readonly heading?: string
  readonly text?: string
  /** Without `pmesh`; `{name}` stands for something that was kept. */
  readonly command: string
  /** It goes on running until the session ends; the session goes on when it has said this. */
  readonly until?: RegExp
  /** It shows what is wrong: any other command that fails ends the session. */
  readonly isRefused?: boolean
  readonly input?: string
  /** What the page calls the file that the input is from. */
  readonly inputName?: string
  /** What differs from machine to machine, and what the page has instead. */
  readonly instead?: readonly (readonly [find: RegExp, text: string])[]
  /** Keeps something of the output for later commands. */
  readonly keep?: { readonly name: string; readonly find: RegExp }
}

const PASTEL_ID = /jX\w{84}/
const MESSAGE_ID = /\S+-\d+$/m

/** A line of `pmesh doctor` that tells of the machine, with what there is to do about it. */
function machineLine(check: string, beginning: string): RegExp {
  return new RegExp(`^(ok|warning|failed|not checked) +${check} +${beginning}.*(\\n +→ .*)?$`, 'm')
}

/** As it is on a machine where all is well. */
const WELL: Step['instead'] = (
  [
    ['disk', '.* free, database', '74.3 GiB free, database 38.2 KiB, reserve 256 MiB (disk.minFree)'],
    ['disk', '.* inodes free', '16,073,067 of 16,777,216 inodes free'],
    ['disk', '.*(mounted on| is on )', 'ext4, mounted on /'],
    ['fsync', '', 'p50 0.62 ms, p99 4.77 ms, longest 4.85 ms, of 200 syncs of 4 KiB'],
    [
      'open files',
      '',
      '42 open of 8,192 (hard limit 8,192) of the node, process 4711; a node has 3,648 at most',
    ],
    ['memory', '', 'the node has 141 MiB of 3.8 GiB, all of the machine; 2 processors'],
    ['clock', '', '1 ms ahead of the median of 1 peer'],
  ] as const
).map(([check, beginning, text]) => [
  machineLine(check, beginning),
  `ok           ${check.padEnd(16)}  ${text}`,
])

export const CLI_SESSION: readonly Step[] = [
  {
    heading: 'A folder: init, config',
    command: 'init --data alice --network demo --topic prices --listen localhost:7201',
    keep: { name: 'alice', find: PASTEL_ID },
  },
  {
    command:
      'init --data bob --network demo --topic prices --listen localhost:7202 --bootstrap localhost:7201 --api-listen off --metrics-listen off',
    keep: { name: 'bob', find: PASTEL_ID },
  },
  {
    text: 'Every setting, its value and where it comes from; `config check` says all that is wrong.',
    command: 'config print --data bob',
  },
  { command: 'config check --data bob --sync-history 3', isRefused: true },
  {
    heading: 'Run: start',
    text: 'On a terminal, or with `--log-format pretty`; otherwise the log is JSON, a line each.',
    command: 'start --data alice --log-format pretty',
    until: /\nstored .*\n/,
  },
  { command: 'start --data bob', until: /"event":"refused".*\n/ },
  {
    heading: 'Who may take part: members',
    text: 'A node lets in whom its member file names, and each has to name the other. It is read while the node runs.',
    command: 'members add {bob} --data alice',
  },
  { command: 'members add {alice} --data bob' },
  { command: 'members add {bob} --role operator --data alice' },
  { command: 'members list --data alice' },
  { command: 'members remove {alice} --data alice', isRefused: true },
  {
    heading: 'Who may call: keys, sessions, audit',
    text: 'A service key is for one application, with scopes; its secret is shown once.',
    command: 'keys create shop --scope send --expires 90d --data alice',
    keep: { name: 'key', find: /(?<=pmk_)[0-9a-f]{16}/ },
  },
  { command: 'keys --data alice' },
  { command: 'keys rotate {key} --overlap 1h --data alice' },
  { command: 'keys revoke {key} --data alice' },
  { text: 'Who is logged in with a PastelID or a wallet.', command: 'sessions --data alice' },
  { command: 'audit --limit 5 --data alice' },
  {
    heading: 'Settings of a running node: config show, config reload',
    text: 'What it runs with, and where each value comes from. More in [change settings while a node runs](../guides/settings.md).',
    command: 'config show --data alice',
  },
  {
    text: 'It reads file and environment again; here nothing was written:',
    command: 'config reload --data alice',
  },
  {
    heading: 'Peers: connect, peers, topics, relay, bans',
    command: 'connect localhost:7201 --data bob',
  },
  { command: 'peers --data bob' },
  { command: 'topics --data bob' },
  { command: 'topics join news --data bob' },
  { command: 'topics leave news --data bob' },
  { command: 'relay on --data bob' },
  { command: 'ban 192.0.2.1 --for 1d --reason floods --data bob' },
  { command: 'bans --data bob' },
  { command: 'unban 192.0.2.1 --data bob' },
  {
    heading: 'Messages: publish, messages, tail, verify',
    command: 'publish prices "the first price" --data alice',
    keep: { name: 'message', find: MESSAGE_ID },
  },
  {
    text: 'The standard input, or `--file FILE`, is one message; with `--lines` each line is one.',
    command: 'publish prices --lines --data alice',
    input: 'second\nthird\n',
    inputName: 'lines.txt',
  },
  { command: 'messages --topic prices --since 10m --data bob' },
  { command: 'messages --limit 1 --json --data bob' },
  {
    text: 'Live, from the last one on, until Ctrl-C:',
    command: 'tail --last 1 --data bob',
    until: /\n/,
  },
  {
    text: 'The proof that is on the disk, checked by the command itself; `--out` saves it, and anybody checks it, with no node at all:',
    command: 'verify {message} --out proof.bin --data bob',
  },
  { command: 'verify --proof proof.bin' },
  {
    heading: 'To one member alone: send, inbox, sent, delivery',
    text: 'Sealed to its recipient, and delivered when that is back, too: [what that means](../guides/delivery.md). The recipients come first, then the text; without one it is the standard input, or `--file FILE`.',
    command: 'send {bob} "for you only" --wait --data alice',
    keep: { name: 'direct', find: MESSAGE_ID },
  },
  {
    text: 'With `--ids` what other commands need of a message stands before it:',
    command: 'inbox --ids --data bob',
  },
  { command: 'sent --data alice' },
  { command: 'delivery {direct} --data alice' },
  {
    text: 'Of a message to a topic, which of the members that announce it store it; they are asked now:',
    command: 'delivery {message} --wait --data alice',
  },
  {
    text: 'Either end can show it to others, who need no node to check it:',
    command: 'export --disclose {direct} direct.disclosed --data bob',
  },
  { command: 'verify --disclosed direct.disclosed' },
  { heading: 'What goes on: status, alerts, stats', command: 'status --data bob' },
  { command: 'alerts --data bob' },
  { command: 'stats --data bob' },
  {
    text: "Whole tables, with the fields of those of Pastel's messaging layer, as CSV or JSON:",
    command: 'stats --table message_sender_receiver_metadata --csv --data bob',
  },
  {
    heading: 'The Pastel core: pasteld',
    text: 'Also when no node runs, as here, where an emulator stands for the core of a supernode. More in [join the Pastel network](../guides/pastel-network.md).',
    command:
      'pasteld status --data carol --pasteld-conf {conf} --pasteld-signer {supernode} --members pasteld',
  },
  {
    heading: 'What is wrong: doctor',
    text: 'Also when no node runs: it then looks at what a start would meet. What it says of the machine is that of another one here. More in [when something is wrong](../guides/doctor.md).',
    command: 'doctor --data bob',
    instead: WELL,
  },
  {
    heading: 'The disk: store',
    text: 'More in [what is on the disk](../guides/store.md).',
    command: 'store --data alice',
  },
  { command: 'store retention --run --data alice' },
  { command: 'store retention --data alice' },
  { command: 'store compact --data alice' },
  {
    heading: 'Jobs: jobs, schedules',
    text: 'What does jobs is a program that registers handlers ([your first handler](../guides/first-job-handler.md)); a node that `pmesh start` runs has none, so here they wait, and say so. `jobs` alone shows how the queue stands.',
    command: `jobs add mail '{"to":"a@example.org"}' --priority 5 --data alice`,
    keep: { name: 'job', find: /mail:\w+/ },
  },
  { command: 'jobs --data alice' },
  { command: 'jobs show {job} --data alice' },
  { command: 'jobs list waiting --data alice' },
  { command: 'jobs pause mail --data alice' },
  { command: 'jobs resume mail --data alice' },
  { command: 'jobs cancel {job} --data alice' },
  { command: 'jobs retry {job} --data alice' },
  { command: 'jobs stats --data alice' },
  { command: 'jobs remove {job} --data alice' },
  { command: 'jobs show {job} --data alice', isRefused: true },
  { command: `schedules set nightly report --cron "0 3 * * *" --time-zone Europe/Vienna --data alice` },
  { command: 'schedules --data alice' },
  { command: 'schedules remove nightly --data alice' },
  {
    heading: 'Plugins: plugin',
    text: 'More in [write a plugin](../guides/plugins.md).',
    command: 'plugin new greeter',
  },
  {
    command:
      'start --data dave --listen localhost:7203 --api-listen off --metrics-listen off --plugin ./greeter/plugin.ts --log-format pretty',
    until: /\nstored .*\n/,
  },
  { command: 'plugin --data dave' },
  { command: 'plugin new price-feed', isRefused: true },
  {
    heading: 'Keys: id',
    text: 'More in [moving a PastelID in and out](../guides/keys.md).',
    command: 'id list --data alice',
  },
  { command: 'id show --data alice' },
  { command: 'id export copy.key --data alice' },
  { command: 'id new --data carol' },
  { command: 'id sign "some text" --data alice', keep: { name: 'signature', find: /[A-Za-z0-9+/]{152}/ } },
  { command: 'id verify {alice} {signature} "some text"' },
  { command: 'id verify {alice} {signature} "another text"', isRefused: true },
  {
    heading: 'To an end: disconnect, drain, stop, and when no node runs',
    command: 'disconnect localhost:7201 --data bob',
  },
  {
    text: 'Before a stop, where requests are to go elsewhere first: [stopping a node](../guides/stopping.md).',
    command: 'drain --data bob',
  },
  { command: 'publish prices "too late" --data bob', isRefused: true },
  { command: 'stop --data bob' },
  { command: 'status --data carol', isRefused: true },
]
