import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parsePastelId } from '@pastel-mesh/identity'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../../testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { checkConfig } from '../src/config/checked-config.ts'
import type { CheckContext } from '../src/doctor/check.ts'
import { pasteldCheck } from '../src/doctor/pasteld-check.ts'
import type { NodeController } from '../src/index.ts'
import { askCore } from '../src/pasteld/core-facts.ts'
import { pastelProblems } from '../src/pasteld/core-problems.ts'
import { ownPastelId } from '../src/pasteld/own-pastel-id.ts'
import { runCli } from './fixtures/cli.ts'
import { createController } from './fixtures/create-controller.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

/** A node with the key file of a core, which serves Pastel's endpoints. */
let emulator: PasteldEmulator
let core: EmulatedSupernode
let controller: NodeController
let dataDir: string

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: 1, listedOnly: 2, latency: 0 })
  const [first] = emulator.supernodes
  if (first === undefined) throw new Error('the emulator has no supernode')
  core = first
  dataDir = await makeFolder()
  await mkdir(join(dataDir, 'pastelkeys'), { mode: 0o700 })
  await copyFile(await core.writeKeyFile(), join(dataDir, 'pastelkeys', core.pastelId))
  await writeFile(join(dataDir, 'passphrase'), `${core.passphrase}\n`, { mode: 0o600 })
  controller = await createController({
    dataDir,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    members: 'pasteld',
    pasteld: { conf: core.confPath, members: { roles: ['best=rank<=100', 'other=ENABLED'] } },
    api: { listen: '127.0.0.1:0', pastel: true },
    metrics: { listen: '127.0.0.1:0' },
  })
  await controller.start()
})

afterAll(async () => {
  await controller?.stop()
  await emulator?.stop()
  await removeFolder(dataDir)
})

async function send(passphrase: string): Promise<number> {
  const body = new URLSearchParams({
    message: 'hello',
    message_type: 'greeting',
    receiving_sn_pastelid: core.pastelId,
    pastelid_passphrase: passphrase,
  })
  const { status } = await fetch(`${controller.apiUrl}/send_message`, { method: 'POST', body })
  return status
}

it("serves Pastel's endpoints, and signs for who has the passphrase of its key file", async () => {
  expect(controller.node.pastelId).toBe(core.pastelId)
  const local = await fetch(`${controller.apiUrl}/get_local_machine_sn_info`)
  expect(await local.json()).toMatchObject({ local_sn_pastelid: core.pastelId })
  expect(await send(`${core.passphrase}x`)).toBeGreaterThanOrEqual(400)
  expect(await send(core.passphrase)).toBe(200)
})

it('has supernodes as members, with their roles', () => {
  const members = controller.node.registry.members?.() ?? []
  expect(members).toHaveLength(3)
  expect(members.map(({ role }) => role)).toEqual(['best', 'best', 'best'])
})

it('measures the list and the bridge', async () => {
  const page = await (await fetch(`${controller.metricsUrl}/metrics`)).text()
  expect(page).toMatch(/^pmesh_supernodes\{status="ENABLED"\} 3$/m)
  expect(page).toMatch(/^pmesh_supernode_list_age_seconds \d/m)
  expect(page).toMatch(/^pmesh_supernode_list_problem 0$/m)
  expect(page).toMatch(/^pmesh_bridge_messages_total\{what="out"\} 0$/m)
  expect(page).toMatch(/^pmesh_bridge_refused_total\{reason="forged"\} 0$/m)
})

it('is looked at by the doctor', async () => {
  const { config } = controller
  const context = { config, node: { kind: 'none' } } as unknown as CheckContext
  const look = () => pasteldCheck.run(context, new AbortController().signal)
  expect(await look()).toMatchObject([
    { state: 'ok', message: expect.stringMatching(/^the core at .* answers: .*supernode /) },
  ])
  await core.change({ warning: 'a fork', isMasternode: false })
  onTestFinished(() => core.change({ warning: '', isMasternode: true }))
  expect(await look()).toMatchObject([
    { state: 'warning', message: 'the core warns: a fork' },
    { state: 'failed', message: expect.stringMatching(/^the core is no supernode/) },
  ])
})

it('says of a supernode that the others do not count, and of a node that is another PastelID', async () => {
  const { config } = controller
  if (config.pasteld === undefined) throw new Error('there is no core')
  await core.setStatus('POSE_BAN')
  onTestFinished(() => core.setStatus('ENABLED'))
  const answer = await askCore(config.pasteld, new AbortController().signal)
  const banned = {
    state: 'failed',
    message: 'this supernode is POSE_BAN in the list: the others do not take it for a member',
  }
  const own = await ownPastelId(config)
  expect(own).toBe(core.pastelId)
  expect(pastelProblems(config.pasteld, answer, undefined, own)).toMatchObject([banned])
  const empty = { ...config, dataDir: await temporaryFolder() }
  expect(pastelProblems(config.pasteld, answer, undefined, await ownPastelId(empty))).toMatchObject([
    banned,
    { state: 'failed', message: expect.stringMatching(/^the node has no PastelID yet, .* registered jX/) },
  ])
})

it('signs a text to find out whether the passphrase is right', async () => {
  const folder = await temporaryFolder()
  const look = async (passphrase: string) => {
    await writeFile(join(folder, 'word'), passphrase, { mode: 0o600 })
    const { pasteld } = checkConfig({
      dataDir: folder,
      pasteld: { conf: core.confPath, signer: core.pastelId, passphraseFile: 'word' },
    })
    if (pasteld === undefined) throw new Error('there is no core')
    return pastelProblems(pasteld, await askCore(pasteld, new AbortController().signal), undefined)
  }
  expect(await look(core.passphrase)).toEqual([])
  const wrong = await look(`${core.passphrase}x`)
  expect(wrong).toMatchObject([
    { state: 'failed', message: expect.stringContaining('is the passphrase right?') },
  ])
  expect(JSON.stringify(wrong)).not.toContain(core.passphrase)
})

it('says of a core that has not the key, and is not that supernode, what to do', async () => {
  const signer = parsePastelId(
    'jXYqZNPj21RVnwxnEJ654wEdzi7GZTZ5LAdiotBmPrF7pDMkpX1JegDMQZX55WZLkvy9fxNpZcbBJuE8QYUqBF',
  )
  const { pasteld } = checkConfig({ pasteld: { conf: core.confPath, signer } })
  if (pasteld === undefined) throw new Error('there is no core')
  const problems = pastelProblems(pasteld, await askCore(pasteld, new AbortController().signal), undefined)
  expect(problems).toMatchObject([
    { state: 'failed', message: expect.stringMatching(/no key of jXYq.* pasteld\.signer names$/) },
    { state: 'failed', advice: expect.stringContaining('make the node that PastelID') },
  ])
})

it('starts without its core, with the last list, and goes on when the core is back', async () => {
  const folder = await temporaryFolder()
  const said: string[] = []
  const make = () =>
    createController(
      {
        dataDir: folder,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        members: 'pasteld',
        pasteld: { conf: core.confPath },
      },
      { onPastel: (line) => said.push(line) },
    )
  const before = await make()
  await before.start()
  await before.stop()
  const isOther = expect.stringMatching(
    new RegExp(`^the node is jX\\w+, and its core's supernode has registered ${core.pastelId}: `),
  )
  expect(said.splice(0)).toEqual([isOther])
  await core.stop()
  const after = await make()
  onTestFinished(() => after.stop())
  await after.start().finally(() => core.start())
  expect(said).toEqual([
    expect.stringMatching(/^the Pastel core was not reached: the list of supernodes of 20.* stands/),
  ])
  expect(after.node.registry.members?.()).toHaveLength(4)
  expect(await after.node.registry.reload?.()).toEqual({ joined: [], left: [] })
  await waitUntil(() => said.includes('the Pastel core is back'), { what: 'the node to say it' })
})

it('members are not edited here, whether it runs or not', async () => {
  const running = await runCli(['members', 'add', core.pastelId, '--data', dataDir])
  expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_FIXED_MEMBERS') })
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'pmesh.yaml'), 'members: pasteld\npasteld: { conf: default }\n')
  const none = await runCli(['members', 'add', core.pastelId, '--data', folder])
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_FIXED_MEMBERS') })
})
