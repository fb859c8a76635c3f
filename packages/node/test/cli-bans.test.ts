import { expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()
const pmesh = (...args: string[]) => runCli([...args, '--data', node.dataDir])

it('pmesh ban, bans and unban: until when and why; a wrong one is refused in a line', async () => {
  const banned = await pmesh('ban', '192.0.2.1', '--for', '1d', '--reason', 'floods \u001b[2J')
  expect(banned).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^banned {2}192\.0\.2\.1 {2}until \S+Z; 0 connections cut\n$/),
    stderr: '',
  })
  const shown = await pmesh('bans')
  expect(shown.stdout).toMatch(
    /^MADE +LEFT +UNTIL +TARGET +REASON\n\d+ s ago +23 h +\d{4}-\S+Z +192\.0\.2\.1 +floods \ufffd\[2J\n$/,
  )
  const [ban] = JSON.parse((await pmesh('bans', '--json')).stdout)
  expect(ban).toMatchObject({ kind: 'address', target: '192.0.2.1' })
  expect(ban.untilMs - ban.bannedAtMs).toBeGreaterThan(86_000_000)
  expect((await pmesh('status')).stdout).toContain('1 ban: "pmesh bans')
  expect(await pmesh('ban', '192.0.2.1:7124')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^pmesh: "192\.0\.2\.1:7124" cannot be banned: [^\n]+\(ERR_BAN_TARGET\)\n$/,
    ),
  })
  expect(await pmesh('unban', '192.0.2.1')).toMatchObject({ code: 0, stdout: 'unbanned  192.0.2.1\n' })
  expect(await pmesh('bans')).toMatchObject({ code: 0, stdout: '', stderr: 'pmesh: nobody is banned\n' })
})

it('pmesh topics join and leave change the running node, and say that this is not kept', async () => {
  expect(await pmesh('topics', 'join', 'news')).toMatchObject({
    code: 0,
    stdout: 'joined  news\n',
    stderr: expect.stringContaining('after its next start'),
  })
  expect(JSON.parse((await pmesh('topics', '--json')).stdout)).toMatchObject([
    { topic: 'news', isJoined: true },
  ])
  expect(JSON.parse((await pmesh('topics', 'leave', 'news', '--json')).stdout)).toEqual({
    topic: 'news',
    isChanged: true,
    until: 'stop',
  })
  expect((await pmesh('topics')).stderr).toContain('there are no topics yet')
})
