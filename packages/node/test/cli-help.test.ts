import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CONFIG_KEYS } from '../src/config/config-keys.ts'
import { runCli } from './fixtures/cli.ts'

const COMMANDS = [
  ...['init', 'start', 'status', 'doctor', 'peers', 'connect', 'disconnect'],
  ...['bans', 'ban', 'unban', 'drain', 'stop'],
  ...['publish', 'messages', 'tail', 'verify', 'stats'],
  ...['send', 'inbox', 'sent', 'delivery', 'export'],
]

describe('pmesh', () => {
  it.each(COMMANDS)('%s --help shows an example', async (command) => {
    const { code, stdout, stderr } = await runCli([command, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      new RegExp(
        `^Usage: pmesh ${command} [\\s\\S]*--data <folder>[\\s\\S]*Example:\\n {2}\\$ pmesh ${command}`,
      ),
    )
  })

  it('start --help has a flag for every key, with its default', async () => {
    const { stdout } = await runCli(['help', 'start'])
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag)
    expect(flags).toEqual(['--data', '--config', ...CONFIG_KEYS.map(({ flag }) => flag), '--help'])
    expect(stdout).toMatch(/--sync-history <duration> {2,}how far back[^-]+\(default:\s+3d\)/)
  })

  it('--help names the commands and shows an example', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    for (const command of [
      ...COMMANDS,
      'config',
      'id',
      'alerts',
      'topics',
      'jobs',
      'schedules',
      'keys',
      'sessions',
      'audit',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    }
    expect(stdout).toContain('Example:\n  $ pmesh start')
  })

  it('--version prints that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    const { code, stdout } = await runCli(['--version'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` })
  })

  it.each([
    [['bogus'], "error: unknown command 'bogus'"],
    [['status', '--bogus'], "error: unknown option '--bogus'"],
    [['publish'], "error: missing required argument 'topic'"],
    [['start', '--min-free', '1'], "error: unknown option '--min-free'"],
    [['messages', '--limit', 'abc'], "argument 'abc' is invalid. Give a whole number from 1 to 100000."],
    [
      ['messages', '--limit', '100001'],
      "argument '100001' is invalid. Give a whole number from 1 to 100000.",
    ],
    [
      ['messages', '--since', 'now'],
      "argument 'now' is invalid. Give a time such as 30s, 10m, 2h, 3d, 1w (ago)",
    ],
    [['stats', '--by', 'all'], 'Allowed choices are sender, receiver, pair.'],
    [['publish', 'prices', 'x', '--header', 'a'], "argument 'a' is invalid. Give NAME=VALUE."],
    [['publish', 'prices', 'x', '--expires', '1x'], 'Give a time such as 30s, 10m, 2h, 3d, 1w (from now)'],
    [['publish', 'prices', 'x', '--lines'], 'error: give the text, or --lines, not both'],
    [
      ['tail', '--last', '1', '--since', '1h'],
      "option '-n, --last <count>' cannot be used with option '--since",
    ],
    [['publish', '', 'x'], "error: the argument 'topic' is empty"],
    [['publish', 'prices', 'x', '--reply-to', ''], "error: the value of '--reply-to <message-id>' is empty"],
    [['send', '--to', '', 'x'], "error: the value of '--to <pastelid>' is empty"],
    [['jobs', 'add', ''], "error: the argument 'name' is empty"],
    [['jobs', 'add', 'mail', ''], "error: the argument 'json' is empty"],
    [['jobs', 'retry', 'a', ''], "error: the argument 'id' is empty"],
    [['jobs', 'list', 'failed', '--name', ''], "error: the value of '--name <name>' is empty"],
    [['schedules', 'set', '', 'report', '--every', '1h'], "error: the argument 'id' is empty"],
    [['schedules', 'set', 'a', 'report', '--cron', ''], "error: the value of '--cron <expression>' is empty"],
    [['delivery', ''], "error: the argument 'message-id' is empty"],
    [['connect', ''], "error: the argument 'target' is empty"],
    [['id', 'export', ''], "error: the argument 'pastelid or file' is empty"],
    [['messages', '--limit', '0'], "argument '0' is invalid. Give a whole number from 1 to 100000."],
  ])('%j is refused with what is wrong and where help is', async (args, complaint) => {
    const { code, stdout, stderr } = await runCli(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(complaint)
    expect(stderr).toContain('(pmesh help <command> shows what is possible)')
    expect(stderr).not.toMatch(/^ {4}at /m)
  })

  it('--json makes JSON of what is wrong with the arguments, too', async () => {
    const { code, stdout, stderr } = await runCli(['publish', '--json'])
    expect({ code, stdout, stderr: JSON.parse(stderr) }).toEqual({
      code: 1,
      stdout: '',
      stderr: { error: { code: 'ERR_USAGE', message: "missing required argument 'topic'" } },
    })
  })
})
