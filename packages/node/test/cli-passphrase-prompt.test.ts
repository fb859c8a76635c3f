import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { finished, gather, runCli, spawnCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** Of bsdutils: gives a command a terminal. */
const SCRIPT = '/usr/bin/script'
const IN_TERMINAL = ['/bin/sh', '-c', `exec ${SCRIPT} -qec "$*" /dev/null`, 'sh']

const missing = existsSync(SCRIPT) ? undefined : `no passphrase is typed: ${SCRIPT} (bsdutils) is missing`
if (missing !== undefined) console.warn(missing)

/** Answers each question when it is asked. */
async function answer(child: ChildProcess, answers: readonly (readonly [question: string, typed: string])[]) {
  const output = gather(child.stdout)
  for (const [question, typed] of answers) {
    await waitUntil(() => output().includes(question), { what: `the question ${question}` })
    child.stdin?.write(typed)
  }
  return output
}

function inTerminal(args: readonly string[]): ChildProcess {
  const child = spawnCli(args, { under: IN_TERMINAL })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

it.skipIf(missing !== undefined)(
  'a passphrase that is typed is asked for twice, is not shown, and opens the key',
  async () => {
    const data = await temporaryFolder()
    const child = inTerminal(['id', 'new', '--data', data])
    const ended = finished(child)
    // With a slip of the finger, an arrow key and two letters that are more than a byte.
    await answer(child, [
      ['New passphrase', `${PASSPHRASE_PREFIX}hasx\u007fło 🦋\r`],
      ['once more', `\u001b[A${PASSPHRASE_PREFIX}hasło 🦋\r`],
    ])
    const { code, stdout } = await ended
    expect(code).toBe(0)
    expect(stdout).not.toContain('has')
    expect(stdout).toMatch(/PastelID {4}jX\w{84}\r\n.*passphrase {2}the terminal\r\n/s)
    const signed = await runCli(['id', 'sign', 'hello', '--data', data], {
      env: { PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}hasło 🦋` },
    })
    expect(signed).toMatchObject({ code: 0, stderr: '' })
  },
)

it.skipIf(missing !== undefined)(
  'Ctrl-C at the question of a first start ends it, and nothing is made',
  async () => {
    const data = await temporaryFolder()
    const child = inTerminal(['start', '--data', data, '--listen', '/ip4/127.0.0.1/tcp/0'])
    const ended = finished(child)
    await answer(child, [['New passphrase of the new PastelID (empty: a random one, kept in', '\u0003']])
    const { code, stdout } = await ended
    expect(code).toBe(1)
    expect(stdout).toContain('no passphrase was given: Ctrl-C (ERR_PASSPHRASE_MISSING)')
    expect(existsSync(`${data}/pastelkeys`)).toBe(false)
  },
)
