import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfig } from '../src/config/checked-config.ts'
import { CONFIG_KEYS } from '../src/config/config-keys.ts'
import { formatValue } from '../src/config/format-value.ts'
import { loadConfig } from '../src/config/load-config.ts'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const KEY = CONFIG_KEYS.find(({ path }) => path === 'queue.driver')!

describe('the server of the queue', () => {
  it.each([
    ['level', 'level'],
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['rediss://me:hunter2@[::1]:6380/2?family=6', 'rediss://me:***@[::1]:6380/2?family=6'],
    ['redis://:hunter2@localhost', 'redis://:***@localhost'],
    [
      'postgresql://me:hunter%32@db/jobs?sslmode=require&sslpassword=hunter2',
      'postgresql://me:***@db/jobs?sslmode=require&sslpassword=***',
    ],
    ['postgres:///jobs?password=hunter2', 'postgres:///jobs?password=***'],
  ])('%s is taken, and shown as %s', (driver, shown) => {
    expect(checkConfig({ queue: { driver } }).queue.driver).toBe(driver)
    expect(formatValue(KEY, driver)).toBe(shown)
  })

  it.each([
    'redis',
    'http://me:hunter2@host',
    'redis://',
    'redis://me:hunter2@host:port',
    'redsi://:hunter2@host',
    '',
  ])('"%s" is refused, and not shown', (driver) => {
    const error = (() => {
      try {
        checkConfig({ queue: { driver } })
      } catch (error) {
        return error as Error
      }
      return undefined
    })()
    expect(error?.message).toContain('queue.driver: neither level nor the url of a server: redis://')
    expect(error?.message).not.toContain('hunter2')
  })

  it('with a password is not taken from a command, where everybody on the machine reads it', async () => {
    const cwd = await temporaryFolder()
    const places = { cwd, env: {}, flags: { 'queue.driver': 'redis://me:hunter2@host' } }
    const error = await loadConfig(places).catch((error: Error) => error)
    expect(error).toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(
        /queue\.driver \(--queue-driver\): .* give it in PMESH_QUEUE_DRIVER or in/,
      ),
    })
    expect((error as Error).message).not.toContain('hunter2')
    await expect(loadConfig({ ...places, flags: { 'queue.driver': 'redis://host' } })).resolves.toMatchObject(
      {
        config: { queue: { driver: 'redis://host' } },
      },
    )
  })

  it('is shown without its password by pmesh config, whether the file is right or wrong', async () => {
    const dataDir = join(await temporaryFolder(), 'data')
    await mkdir(dataDir)
    const write = (text: string) => writeFile(join(dataDir, 'pmesh.yaml'), text)
    await write('queue:\n  driver: redis://me:hunter2@host\n  concurrency: 7\n')
    const text = await runCli(['config', 'print', '--data', dataDir])
    expect(text.stdout).toMatch(/queue\.driver +redis:\/\/me:\*\*\*@host +.*pmesh\.yaml:2/)
    const json = await runCli(['config', 'print', '--data', dataDir, '--json'])
    expect(JSON.parse(json.stdout).keys['queue.driver'].value).toBe('redis://me:***@host')
    await write('queue:\n  driver: {url: redis://me:hunter2@host}\n')
    const wrong = await runCli(['config', 'check', '--data', dataDir])
    expect(wrong.stderr).toContain('queue.driver')
    for (const { stdout, stderr } of [text, json, wrong]) expect(stdout + stderr).not.toContain('hunter2')
  })
})
