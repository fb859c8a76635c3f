import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const events = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; event: string; topics?: string[] })

it('a file takes the log as JSON, for its owner only, and is opened anew on SIGHUP, which reads the settings again', async () => {
  const folder = join(await temporaryFolder(), 'logs')
  await mkdir(folder)
  const file = join(folder, 'node.log')
  const node = await startNode({ args: ['--topic', 'prices', '--log-file', file, '--log-level', 'debug'] })
  onTestFinished(() => node.remove())
  await waitUntil(async () => (await stat(file)).size > 0, { what: 'the log file to have something' })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await rename(file, `${file}.1`)
  node.process.kill('SIGHUP')
  await waitUntil(
    () =>
      stat(file).then(
        () => true,
        () => false,
      ),
    { what: 'a new log file' },
  )
  await waitUntil(async () => (await readFile(file, 'utf8')).includes('settings'), {
    what: 'the settings to be read again',
  })
  expect((await stopNode(node)).code).toBe(0)
  expect(events(await readFile(`${file}.1`, 'utf8'))).toMatchObject([{ event: 'ready', topics: ['prices'] }])
  expect(events(await readFile(file, 'utf8')).map(({ event }) => event)).toEqual([
    'settings',
    'stopping',
    'stopped',
  ])
})

it('without a terminal the standard output is JSON lines, of the level that is asked for', async () => {
  const node = await startNode({ args: ['--log-format', 'json', '--log-level', 'error'], isQuiet: true })
  onTestFinished(() => node.remove())
  const { stdout, code } = await stopNode(node)
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 })
})

it.skipIf(!existsSync('/dev/full'))(
  'an output and a log that cannot be written, as on a full disk, end no node',
  async () => {
    const node = await startNode({
      args: ['--log-file', '/dev/full', '--log-level', 'debug'],
      under: ['/bin/sh', '-c', 'exec "$0" "$@" > /dev/full'],
      isQuiet: true,
    })
    onTestFinished(() => node.remove())
    const status = await runCli(['status', '--data', node.dataDir])
    expect(status.code).toBe(0)
    expect(await stopNode(node)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^pmesh: the output cannot be written: ENOSPC[^\n]*\n$/),
    })
  },
)
