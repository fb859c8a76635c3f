import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { listening } from './fixtures/listening.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const ANY_PORT = '/ip4/127.0.0.1/tcp/0'

describe('pmesh start says in one line', () => {
  it('that a port is in use', async () => {
    const data = await temporaryFolder()
    const address = `/ip4/127.0.0.1/tcp/${await listening({ port: 0 })}`
    expect(await runCli(['start', '--data', data, '--listen', address])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `pmesh: the node cannot listen on ${address}: the port is in use by another program: choose another with --listen ADDRESS:PORT (ERR_LISTEN)\n`,
    })
  })

  it.each([
    ['the API', '--api-listen', 'api.listen', 'ERR_API_LISTEN'],
    ['metrics', '--metrics-listen', 'metrics.listen', 'ERR_METRICS_LISTEN'],
  ])('that the port of %s is in use, and what to change', async (_, flag, key, code) => {
    const data = await temporaryFolder()
    await makeCheapIdentity(data)
    const address = `127.0.0.1:${await listening({ port: 0 })}`
    const { stderr, ...ended } = await runCli(['start', '--data', data, '--listen', ANY_PORT, flag, address])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(
        `^pmesh: \\S.* on ${address}: another program, or another node, listens there: choose another, or \`off\`; ${flag} \\(${key}\\) says where \\(${code}\\)\n$`,
      ),
    )
  })

  it('all that is wrong with its options, before it makes anything', async () => {
    const data = join(await temporaryFolder(), 'data')
    const { code, stdout, stderr } = await runCli([
      ...['start', '--data', data, '--network', 'Main Net', '--topic', '!!'],
      ...['--bootstrap', 'nonsense', '--listen', '/ip4/127.0.0.1/udp/1'],
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      'pmesh: the configuration is wrong in 4 places (ERR_CONFIG)',
      expect.stringMatching(/^ {2}network "Main Net" \(--network\): not a network name/),
      expect.stringMatching(
        /^ {2}listen\[0\] "\/ip4\/127\.0\.0\.1\/udp\/1" \(--listen\): QUIC, .* not supported/,
      ),
      expect.stringMatching(/^ {2}bootstrap\[0\] "nonsense" \(--bootstrap\): not an address/),
      expect.stringMatching(/^ {2}topics\[0\] "!!" \(--topic\): not a topic name/),
      '',
    ])
    expect(existsSync(data)).toBe(false)
  })

  it('that the passphrase is wrong', async () => {
    const data = await temporaryFolder()
    const file = join(data, 'pastelkeys', await makeCheapIdentity(data))
    await rm(join(data, 'passphrase'))
    const start = (env: Record<string, string>) =>
      runCli(['start', '--data', data, '--listen', ANY_PORT], { env })
    expect(await start({ PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}wrong` })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^pmesh: the passphrase does not open the key file [^\n]*; it came from PMESH_PASSPHRASE \(ERR_KEY_FILE_PASSPHRASE\)\n$/,
      ),
    })
    expect(await start({})).toMatchObject({
      code: 1,
      stderr: `pmesh: the passphrase of the key file ${file} is in none of its places, and there is no terminal to ask on: put it into one of PMESH_PASSPHRASE, the file that PMESH_PASSPHRASE_FILE names, ${data}/passphrase (ERR_PASSPHRASE_MISSING)\n`,
    })
  })

  it('that a key file or the member file is damaged', async () => {
    const data = await temporaryFolder()
    const pastelId = await makeCheapIdentity(data)
    const start = () => runCli(['start', '--data', data, '--listen', ANY_PORT])
    await writeFile(join(data, 'members'), 'someone\n')
    expect(await start()).toMatchObject({
      code: 1,
      stderr: `pmesh: ${data}/members, line 1: "someone" is not a PastelID (ERR_MEMBER_FILE)\n`,
    })
    await writeFile(join(data, 'node.key'), 'nonsense')
    expect(await start()).toMatchObject({
      code: 1,
      stderr: `pmesh: ${data}/node.key is not a node key: delete it, and the node makes a new one (ERR_NODE_KEY)\n`,
    })
    const file = join(data, 'pastelkeys', pastelId)
    await writeFile(file, 'PastelSecureContainer')
    expect(await start()).toMatchObject({
      code: 1,
      stderr: `pmesh: the key file ${file} is damaged: it ends after 21 bytes: restore it from a backup (ERR_KEY_FILE_DAMAGED)\n`,
    })
  })

  it('that the path of its socket is too long', async () => {
    const data = join(await temporaryFolder(), 'x'.repeat(100))
    const { code, stdout, stderr } = await runCli(['start', '--data', data, '--listen', ANY_PORT])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^pmesh: the path of the socket is longer than 103 bytes: .* \(ERR_SOCKET_PATH\)\n$/,
    )
  })
})
