import { execFile, execFileSync, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { MASTERNODE_KEY_PREFIX, PASSPHRASE_PREFIX } from '../../packages/testkit/src/secrets.ts'
import { secretFinder } from '../secret-watch.ts'
import { takeSecrets } from '../test-tells-no-secret.ts'

// Not in one piece in any command line, which is shown with what is found.
const print = (output: 'stdout' | 'stderr', tail = '') => [
  '-e',
  `process.${output}.write('a line\\n{"url":"/x?p=' + ${JSON.stringify(PASSPHRASE_PREFIX)} + '1"}\\n')${tail}`,
]
const node = process.execPath

describe('a secret is found in what a child writes:', () => {
  test.each(['stdout', 'stderr'] as const)('%s, whoever reads it', async (output) => {
    const read = spawn(node, print(output))
    read[output].on('data', () => {})
    await once(read, 'close')
    expect(takeSecrets()).toEqual([expect.stringMatching(/: \{"url":"\/x\?p=<secret>$/)])
    await promisify(execFile)(node, print(output))
    expect(takeSecrets()).toHaveLength(1)
  })

  test('of one that is forked', async () => {
    const child = fork(fileURLToPath(import.meta.resolve('./fixtures/print-secret.ts')), [], {
      stdio: 'pipe',
    })
    child.stdout?.resume()
    await once(child, 'close')
    expect(takeSecrets()).toHaveLength(1)
  })

  test('of one that is waited for, and of one that fails', () => {
    spawnSync(node, print('stderr'))
    expect(takeSecrets()).toHaveLength(1)
    execFileSync(node, print('stdout'), { encoding: 'utf8' })
    expect(takeSecrets()).toHaveLength(1)
    expect(() => execFileSync(node, print('stderr', ';process.exit(1)'), { stdio: 'pipe' })).toThrow()
    expect(takeSecrets()).toHaveLength(1)
  })

  test('of one that a child started, if that watches its own', async () => {
    const watch = fileURLToPath(import.meta.resolve('../watch-children.ts'))
    const parent = fileURLToPath(import.meta.resolve('./fixtures/start-silently.ts'))
    await promisify(execFile)(node, [parent])
    expect(takeSecrets()).toEqual([])
    await promisify(execFile)(node, ['--import', watch, parent])
    expect(takeSecrets()).toHaveLength(1)
  })

  test('but not where there is none', async () => {
    await promisify(execFile)(node, ['-e', `console.log("${PASSPHRASE_PREFIX.slice(0, -1)}")`])
    expect(takeSecrets()).toEqual([])
  })
})

test('a secret is found in log files when they are removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'secret-watch-'))
  await mkdir(join(folder, 'var/logs'), { recursive: true })
  await writeFile(join(folder, 'var/logs/audit'), `masternode ${MASTERNODE_KEY_PREFIX}x`)
  await writeFile(join(folder, 'access.log'), `one\ntwo ${PASSPHRASE_PREFIX}x`)
  await writeFile(join(folder, 'node.log.1'), `${PASSPHRASE_PREFIX}x`)
  // It belongs there.
  await writeFile(join(folder, 'passphrase'), `${PASSPHRASE_PREFIX}x`)
  await rm(folder, { recursive: true })
  expect(takeSecrets().sort()).toEqual([
    `${folder}/access.log: two <secret>`,
    `${folder}/node.log.1: <secret>`,
    `${folder}/var/logs/audit: masternode <secret>`,
  ])
})

test('a secret is found in whatever pieces it comes', () => {
  const text = `before ${PASSPHRASE_PREFIX}after`
  for (let at = 0; at <= text.length; at += 1) {
    const found: string[] = []
    const find = secretFinder('it', (where) => found.push(where))
    find(text.slice(0, at))
    find(Buffer.from(text.slice(at)))
    find('more\n')
    expect(found, `${at}`).toHaveLength(1)
  }
})
