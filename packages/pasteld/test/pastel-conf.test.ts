import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FindPasteldConfigOptions, findPasteldConfig, type Machine } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** A machine with a home of its own. */
async function newMachine(
  platform: NodeJS.Platform = 'linux',
): Promise<Machine & { readonly folder: string }> {
  const home = await temporaryFolder()
  const folder = join(
    home,
    ...(platform === 'darwin' ? ['Library', 'Application Support', 'Pastel'] : ['.pastel']),
  )
  await mkdir(folder, { recursive: true })
  return { platform, home, env: {}, folder }
}

async function find(conf: string, options: FindPasteldConfigOptions = {}) {
  const machine = await newMachine()
  const path = join(machine.folder, 'pastel.conf')
  await writeFile(path, conf, { mode: 0o600 })
  return { ...(await findPasteldConfig(options, machine)), path, folder: machine.folder }
}

test.each([
  ['', 'mainnet', 'http://127.0.0.1:9932', '.cookie'],
  ['testnet=1', 'testnet', 'http://127.0.0.1:19932', 'testnet3/.cookie'],
  ['devnet=1', 'devnet', 'http://127.0.0.1:29932', 'devnet/.cookie'],
  ['regtest=', 'regtest', 'http://127.0.0.1:18232', 'regtest/.cookie'],
  ['testnet=0', 'mainnet', 'http://127.0.0.1:9932', '.cookie'],
])('the network of "%s" is %s, at its own port and in its own folder', async (conf, network, url, cookie) => {
  const found = await find(conf)
  expect(found).toMatchObject({ network, url, cookieFile: join(found.folder, cookie), warnings: [] })
  expect(found.password).toBeUndefined()
})

test('keys, comments, sections and spaces as the core reads them', async () => {
  const found = await find(
    [
      '\uFEFF# the core of this machine',
      '',
      '  rpcuser =  alice   # and nobody else',
      'rpcpassword=p=w d#rest of the line',
      'rpcpassword=the second does not count',
      '\trpcport=12345\r',
      'rpcconnect=::1',
      'addnode=203.0.113.5',
      '[test]',
      'rpcuser=of a section',
      'testnet=1',
    ].join('\n'),
  )
  expect(found).toMatchObject({
    url: 'http://[::1]:12345',
    user: 'alice',
    password: 'p=w d',
    network: 'mainnet',
    conf: found.path,
    networkDir: found.folder,
  })
  expect(found.cookieFile).toBeUndefined()
})

test.each([
  ['rpcuser=a\nhunter2\n', 2, 'key=value'],
  ['=hunter2', 1, 'key=value'],
  ['# x\n\nrpcport=hunter2', 3, 'rpcport'],
  ['rpcport=70000', 1, 'rpcport'],
  ['\nrpcconnect=core hunter2', 2, 'rpcconnect'],
  ['rpcconnect=core:9932', 1, 'rpcconnect'],
  ['testnet=yes', 1, 'testnet is 0 or 1'],
  ['testnet=1\nregtest=1', 2, 'at once'],
])(
  'what is wrong is told with file and line, and without what stands there: %j',
  async (conf, line, says) => {
    const error = await find(conf).catch((caught: Error) => caught)
    expect(error).toMatchObject({
      code: 'ERR_PASTELD_CONFIG',
      message: expect.stringContaining(`pastel.conf, line ${line}: `),
    })
    expect(String(error)).toContain(says)
    expect(String(error)).not.toContain('hunter2')
  },
)

test('what is given counts more than what is found', async () => {
  const conf = 'testnet=1\nrpcuser=alice\nrpcpassword=secret\nrpcport=5\n'
  expect(await find(conf, { url: 'http://core:1', password: 'mine', user: 'bob' })).toMatchObject({
    url: 'http://core:1',
    user: 'bob',
    password: 'mine',
  })
  expect(await find(conf, { user: 'bob' })).toMatchObject({
    user: 'bob',
    password: 'secret',
    url: 'http://127.0.0.1:5',
  })
  expect(await find(conf, { url: 'http://core:1' })).toMatchObject({
    url: 'http://core:1',
    user: 'alice',
    password: 'secret',
  })
  const cookie = await find(conf, { cookieFile: '/run/cookie' })
  expect(cookie).toMatchObject({ cookieFile: '/run/cookie' })
  expect(cookie.password).toBeUndefined()
  // A port in the file is of the network that the file is of.
  expect(await find(conf, { network: 'regtest' })).toMatchObject({
    network: 'regtest',
    url: 'http://127.0.0.1:18232',
    password: 'secret',
    warnings: [expect.stringContaining('testnet')],
  })
})

test('with everything given no file is looked at', async () => {
  const machine = { platform: 'linux', home: '/nowhere', env: {} } as const
  const given = { url: 'http://core:1', user: 'bob', password: 'mine' }
  expect(await findPasteldConfig(given, machine)).toEqual({ ...given, warnings: [] })
})

test('the folder of the core on each platform, or another one', async () => {
  const mac = await newMachine('darwin')
  await writeFile(join(mac.folder, 'pastel.conf'), 'rpcpassword=x')
  expect(await findPasteldConfig({}, mac)).toMatchObject({ conf: join(mac.folder, 'pastel.conf') })

  const windows: Machine = { platform: 'win32', home: 'C:\\Users\\a', env: { APPDATA: 'C:\\Roaming' } }
  await expect(findPasteldConfig({}, windows)).rejects.toThrow('C:\\Roaming\\Pastel')

  const { folder, ...machine } = await newMachine()
  const other = join(folder, 'other')
  await mkdir(other)
  await writeFile(join(other, 'my.conf'), `testnet=1\ndatadir=${folder}`)
  expect(await findPasteldConfig({ conf: join(other, 'my.conf') }, machine)).toMatchObject({
    cookieFile: join(folder, 'testnet3', '.cookie'),
  })
  expect(await findPasteldConfig({ conf: join(other, 'my.conf'), dataDir: other }, machine)).toMatchObject({
    cookieFile: join(other, 'testnet3', '.cookie'),
  })
})

test('where nothing is, it is said what was looked for', async () => {
  const machine = await newMachine()
  await expect(findPasteldConfig({}, machine)).rejects.toMatchObject({
    code: 'ERR_PASTELD_CONFIG',
    message: expect.stringMatching(/pastel\.conf nor .*\.cookie is there: start the core/),
  })
  await expect(findPasteldConfig({ conf: join(machine.folder, 'x.conf') }, machine)).rejects.toThrow('x.conf')
  // A core that runs without settings.
  await writeFile(join(machine.folder, '.cookie'), '__cookie__:x')
  expect(await findPasteldConfig({}, machine)).toMatchObject({ cookieFile: join(machine.folder, '.cookie') })
})

test('a file that others can read, one that is none, and one that is no text', async () => {
  const machine = await newMachine()
  const path = join(machine.folder, 'pastel.conf')
  await writeFile(path, 'rpcuser=a\nrpcpassword=hunter2')
  await chmod(path, 0o640)
  const { warnings } = await findPasteldConfig({}, machine)
  expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)])
  await chmod(path, 0o600)
  expect((await findPasteldConfig({}, machine)).warnings).toEqual([])

  await expect(findPasteldConfig({ conf: machine.folder }, machine)).rejects.toMatchObject({
    code: 'ERR_PASTELD_CONFIG',
    message: expect.stringContaining('EISDIR'),
  })
  await writeFile(path, Buffer.alloc(1_100_000))
  await expect(findPasteldConfig({}, machine)).rejects.toThrow('it is no pastel.conf')
  const loop = join(machine.folder, 'loop')
  await symlink(loop, loop)
  await expect(findPasteldConfig({ conf: loop }, machine)).rejects.toMatchObject({
    code: 'ERR_PASTELD_CONFIG',
  })
})
