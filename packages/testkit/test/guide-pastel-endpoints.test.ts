import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPasteldEmulator } from '@pastel-mesh/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { call, PASSPHRASE, pastelServer } from '../../sdk-server/test/fixtures/pastel-server.ts'
import { findBinary } from '../src/fixtures/find-binary.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const GUIDE = new URL('../../../docs/guides/pastel-endpoints.md', import.meta.url)
const PYTHON = '/usr/bin/python3'
const missing = [
  ...(existsSync(PYTHON) ? [] : [PYTHON]),
  ...(findBinary('curl') === undefined ? ['curl'] : []),
]
if (missing.length > 0) console.warn(`the guide to Pastel's endpoints is not run: ${missing} is missing`)
const run = promisify(execFile)

async function block(name: string): Promise<string> {
  const code = new RegExp(`<!-- ${name} -->\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(
    await readFile(GUIDE, 'utf8'),
  )?.[1]
  if (code === undefined) throw new Error(`the guide has no block ${name}`)
  return code
}

test.skipIf(missing.length > 0)(
  'the commands of the guide send and list, and its program prints what it says',
  async () => {
    const { url, node } = await pastelServer()
    const passphraseFile = join(await temporaryFolder(), 'passphrase')
    await writeFile(passphraseFile, PASSPHRASE)
    const env = {
      PATH: process.env.PATH ?? '',
      PMESH_URL: url,
      RECIPIENT: node.pastelId,
      PASSPHRASE_FILE: passphraseFile,
    }
    const { stdout } = await run('bash', ['-euc', await block('example: curl')], { env })
    expect(stdout).toMatch(/^\[\]\{"status":"success",/)
    expect((await call(url, '/get_messages')).body).toMatchObject([{ message: 'hello' }])

    const emulator = await startPasteldEmulator({ supernodes: 1, latency: 1 })
    onTestFinished(() => emulator.stop())
    const [core] = emulator.supernodes
    const program = await run(PYTHON, ['-I', '-S', '-c', await block('example: users')], {
      env: {
        PMESH_URL: url,
        PASTELD_URL: core?.url ?? '',
        PASTELD_LOGIN: `${core?.rpcUser}:${core?.rpcPassword}`,
        PASTELID: core?.pastelId ?? '',
        PASTELID_PASSPHRASE: core?.passphrase ?? '',
      },
    })
    expect(program.stdout).toBe(await block('output: users'))
  },
  60_000,
)
