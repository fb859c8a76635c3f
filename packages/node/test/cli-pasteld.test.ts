import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { LegacySupernode } from '../../testkit/src/pasteld-emulator/legacy-supernode.ts'
import {
  type PasteldEmulator,
  startPasteldEmulator,
} from '../../testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { runCli } from './fixtures/cli.ts'
import { coreKeyArgs } from './fixtures/core-key-args.ts'
import { type RunningNode, startNode } from './fixtures/running-node.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

/** Two cores, and three supernodes that only the lists know, one of which is not enabled. */
let emulator: PasteldEmulator
let own: PasteldEmulator['supernodes'][number]
let other: PasteldEmulator['supernodes'][number]
let node: RunningNode
let dataDir: string
let args: string[]

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: 2, listedOnly: 3, latency: 0 })
  await emulator.change(2, { status: 'NEW_START_REQUIRED' })
  const [first, second] = emulator.supernodes
  if (first === undefined || second === undefined) throw new Error('the emulator has too few supernodes')
  own = first
  other = second
  dataDir = await makeFolder()
  args = [
    ...(await coreKeyArgs(dataDir, own)),
    ...['--members', 'pasteld', '--topic', 'prices', '--pasteld-bridge-after', '200ms'],
    ...['--pasteld-bridge-poll', '200ms'],
  ]
  node = await startNode({ dataDir, args })
})

afterAll(async () => {
  await node?.remove()
  await emulator?.stop()
  await removeFolder(dataDir)
})

describe('a node whose key is in the Pastel core', () => {
  it('is that PastelID, and has no key file', async () => {
    const { stdout } = await runCli(['status', '--json', '--data', dataDir])
    expect(JSON.parse(stdout)).toMatchObject({
      pastelId: own.pastelId,
      pasteld: { signer: 'core', isRegistry: true, local: { outpoint: own.outpoint } },
    })
    expect(await readdir(dataDir)).not.toContain('pastelkeys')
  })

  it('signs what it publishes there', async () => {
    const { stdout } = await runCli(['publish', 'prices', 'hello', '--data', dataDir])
    const verified = await runCli(['verify', stdout.trim(), '--data', dataDir])
    expect(verified).toMatchObject({ code: 0, stderr: '' })
    expect(verified.stdout).toContain(own.pastelId)
  })

  it('has the supernodes whose status counts as members', async () => {
    const { stdout } = await runCli(['members', '--data', dataDir])
    const listed = stdout.match(/jX\w{84}/g)
    expect(listed).toHaveLength(4)
    expect(listed).toContain(other.pastelId)
  })

  it('hands to the core what is for a supernode that is not on the mesh', async () => {
    const sent = await runCli(['send', other.pastelId, 'to your core', '--data', dataDir])
    expect(sent).toMatchObject({ code: 0 })
    await waitUntil(async () => (await other.messages()).length === 1, { what: 'the message at the core' })
    const handedOver = async () => {
      const { stdout } = await runCli(['status', '--json', '--data', dataDir])
      return JSON.parse(stdout).pasteld.bridge.handedOver
    }
    // It counts when the core has answered.
    await waitUntil(async () => (await handedOver()) === 1, { what: 'the count' })
  })

  it('has what came through the core in its inbox, as from its true sender', async () => {
    await new LegacySupernode(other).send(own.pastelId, 'from my core')
    const inbox = async () => (await runCli(['inbox', '--json', '--data', dataDir])).stdout
    await waitUntil(async () => (await inbox()).includes('from my core'), {
      what: 'the message in the inbox',
    })
    expect(await inbox()).toContain(other.pastelId)
    const line = (await inbox()).split('\n').find((one) => one.includes('from my core')) ?? ''
    const verified = await runCli(['verify', JSON.parse(line).id, '--data', dataDir])
    expect(verified.code).toBe(0)
    for (const row of [
      /^valid +carried by pasteld: this node's word for it/m,
      new RegExp(`^sender +${other.pastelId}$`, 'm'),
      new RegExp(`^recipient +${own.pastelId}$`, 'm'),
      /^signature +of its sender over the text: holds$/m,
    ]) {
      expect(verified.stdout).toMatch(row)
    }
  })

  it('exports who is a supernode with the statistics', async () => {
    const { stdout } = await runCli(['stats', '--table', 'message_sender_metadata', '--data', dataDir])
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        sending_sn_pastelid: own.pastelId,
        sending_sn_txid_vout: own.outpoint,
        sending_sn_pubkey: own.publicKey,
      }),
    )
  })

  it('reloads while the core is away, and says so', async () => {
    await own.stop()
    const away = await runCli(['pasteld', 'status', '--data', dataDir])
    const reloaded = await runCli(['config', 'reload', '--data', dataDir])
    await own.start()
    expect(away.code).toBe(1)
    expect(away.stdout).toMatch(/^ +failed +.* → start the core \(pasteld\)/m)
    expect(reloaded.code).toBe(0)
    expect(reloaded.stderr).toMatch(/pmesh: .*core/)
    expect(await runCli(['config', 'reload', '--data', dataDir])).toMatchObject({ code: 0, stderr: '' })
  })

  it('refuses in seconds what it cannot sign while the core is away, for good', async () => {
    await own.stop()
    await runCli(['config', 'reload', '--data', dataDir])
    const [said, core, ...refused] = await Promise.all(
      [
        ['status'],
        ['pasteld', 'status'],
        ['send', own.pastelId, 'while it is away'],
        ['publish', 'prices', 'while it is away'],
      ].map((command) => runCli([...command, '--data', dataDir])),
    )
    await own.start()
    for (const { code, stderr } of refused) {
      expect(code).toBe(1)
      expect(stderr).toMatch(/no connection to the core at http.*: the core signs .* nothing was published/)
    }
    for (const shown of [said, core]) {
      expect(shown?.stdout).toContain('cannot sign: nothing can be published')
    }
    await runCli(['publish', 'prices', 'when it is back', '--data', dataDir])
    const lists = [['messages'], ['inbox']].map((list) => runCli([...list, '--json', '--data', dataDir]))
    const kept = (await Promise.all(lists)).map(({ stdout }) => stdout).join('')
    expect(kept).toContain('when it is back')
    expect(kept).not.toContain('while it is away')
  })

  it('shows the passphrase nowhere', async () => {
    const shown = await Promise.all(
      [['config', 'show'], ['pasteld', 'status', '--json'], ['audit']].map((command) =>
        runCli([...command, '--data', dataDir]),
      ),
    )
    const cmdline = await readFile(`/proc/${node.process.pid}/cmdline`, 'utf8')
    const texts = [node.output(), cmdline, ...shown.flatMap(({ stdout, stderr }) => [stdout, stderr])]
    expect(texts.join()).not.toContain(PASSPHRASE_PREFIX)
    expect(texts.join()).not.toContain(own.rpcPassword)
  })
})

describe('pmesh pasteld status', () => {
  it('is green of a core that works and a node that uses it', async () => {
    // The core was away until just now: the list is read again at once, and the bridge notices by and by.
    await runCli(['config', 'reload', '--data', dataDir])
    const { stdout, stderr } = await waitUntil(
      async () => {
        const said = await runCli(['pasteld', 'status', '--data', dataDir])
        return said.code === 0 && !said.stdout.includes('Problems') && said
      },
      { what: 'the status to be green, and to have no problems' },
    )
    expect(stderr).toBe('')
    for (const line of [
      new RegExp(`^ +answers +yes, at ${own.url}$`, 'm'),
      new RegExp(`^ +supernode +${own.outpoint}: `, 'm'),
      new RegExp(`^ +PastelID +${own.pastelId}$`, 'm'),
      /^ +listed +ENABLED 4, NEW_START_REQUIRED 1$/m,
      /^ +only through their cores +4$/m,
      /^ +handed over +\d messages?$/m,
      /^ +key +in the core, which signs$/m,
    ]) {
      expect(stdout).toMatch(line)
    }
  })

  it('asks the core itself where no node runs', async () => {
    const folder = await temporaryFolder()
    const flags = await coreKeyArgs(folder, other)
    const { code, stdout } = await runCli(['pasteld', 'status', '--json', '--data', folder, ...flags])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      core: {
        url: other.url,
        masternode: { outpoint: other.outpoint, pastelId: other.pastelId },
        byStatus: { ENABLED: 4, NEW_START_REQUIRED: 1 },
      },
      node: null,
      problems: [],
    })
  })

  it('says how to have one where there is none', async () => {
    const none = await runCli(['pasteld', 'status', '--data', await temporaryFolder()])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('set pasteld.conf') })
  })
})
