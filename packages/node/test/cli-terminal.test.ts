import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { json, printable } from '../src/cli/output.ts'
import { createControlClient } from '../src/control-client.ts'
import { dataFolder } from '../src/data-folder.ts'
import { finished, gather, runCli, spawnCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

/** Control characters other than the ends of lines, and those that turn the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

// Clears the screen, in seven and in eight bits; sets the window's title; turns the direction; rings.
const HOSTILE = '\u001b[2J \u009b2J \u001b]0;title\u0007 \u202e \u2066 a\r\nb\u007f'

const node = sharedNode()

beforeAll(async () => {
  const { api, close } = createControlClient(dataFolder(node.dataDir).socket)
  await api.service.messages.publish.mutate({
    topic: 'hostile',
    messages: [
      { text: HOSTILE },
      { json: { [HOSTILE]: HOSTILE } },
      // The protocol allows the eight-bit ones in a type.
      { text: 'body', type: 'type\u009b2J\u202e', headers: { note: HOSTILE } },
    ],
  })
  await close()
})

describe("what steers a terminal, in others' messages,", () => {
  it('is not printed by pmesh messages and pmesh tail', async () => {
    const { stdout } = await runCli(['messages', '--data', node.dataDir])
    expect(stdout).not.toMatch(STEERING)
    expect(stdout.split('\n')).toHaveLength(4)
    expect(stdout).toContain('\ufffd[2J \ufffd2J')
    const child = spawnCli(['tail', '--last', '3', '--data', node.dataDir])
    const ended = finished(child)
    const tailed = gather(child.stdout)
    await waitUntil(() => tailed().split('\n').length === 4, { what: 'three messages' })
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    expect(tailed()).not.toMatch(STEERING)
  })

  it('is escaped by pmesh messages --json, and nothing of it is lost', async () => {
    const { stdout } = await runCli(['messages', '--json', '--data', node.dataDir])
    expect(stdout).not.toMatch(STEERING)
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(messages).toMatchObject([
      { text: HOSTILE },
      { json: { [HOSTILE]: HOSTILE } },
      { type: 'type\u009b2J\u202e', headers: { note: HOSTILE } },
    ])
  })

  it('in an argument of this command is not printed either', async () => {
    const { stderr } = await runCli(['publish', HOSTILE, 'hello', '--data', node.dataDir])
    expect(stderr).toContain('ERR_TOPIC_NAME')
    expect(stderr).not.toMatch(STEERING)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it('never comes through, whatever the text', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.integer({ min: 0, max: 0x2100 }).map((code) => String.fromCharCode(code)),
        fc.string({ unit: 'grapheme', maxLength: 1 }),
      ),
    })
    fc.assert(
      fc.property(text, (value) => {
        expect(printable(value)).not.toMatch(STEERING)
        expect(printable(value)).not.toContain('\n')
        expect(json({ value })).not.toMatch(STEERING)
        expect(JSON.parse(json({ value }))).toEqual({ value })
      }),
    )
  })
})
