import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import type { AppRouter } from '@pastel-mesh/sdk-server'
import { createTRPCClient, httpLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, it } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const admin = createLocalSigner(generateSeed())
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const node = sharedNode({ args: ['--api-listen', `127.0.0.1:${port}`, '--admin', admin.pastelId] })

const pmesh = (...args: string[]) => runCli([...args, '--data', node.dataDir])

/** The API by HTTP, as an application has it. */
function apiWith(token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const link = httpLink({ url: `${url}/trpc`, transformer: superjson, headers })
  return createTRPCClient<AppRouter>({ links: [link] })
}

const REFUSED = { data: { meshCode: 'ERR_TOKEN' } }

it('pmesh keys makes a key for an application, rotates it and takes it away', async () => {
  const [none, wrong] = await Promise.all([pmesh('keys'), pmesh('keys', 'create', 'shop', '--scope', 'all')])
  expect(none.stderr).toMatch(/^pmesh: there are no service keys: "pmesh keys create NAME --scope read/)
  expect(wrong).toMatchObject({ code: 1, stdout: '' })
  expect(wrong.stderr).toMatch(/the input is wrong: --scope: Invalid option: .*"read"\|"send"/)

  const made = await pmesh('keys', 'create', 'shop', '--scope', 'read', '--expires', '90d')
  expect(made.stdout).toMatch(/^pmk_[0-9a-f]{16}_[0-9a-f]{64}\n$/)
  expect(made.stderr).toMatch(/^pmesh: this is the secret of the key [0-9a-f]{16} for read: it is not shown/)
  const secret = made.stdout.trim()
  const id = secret.split('_')[1] ?? ''
  expect(await apiWith(secret).auth.whoami.query()).toMatchObject({ kind: 'key', subject: id })

  const [{ stdout }, rotated] = await Promise.all([
    pmesh('keys', 'list'),
    pmesh('keys', 'rotate', id, '--overlap', '0s', '--json'),
  ])
  expect(stdout).toMatch(/^ID +SCOPES +MADE +USED +GOOD UNTIL +NAME$/m)
  expect(stdout).toMatch(new RegExp(`^${id} +read +\\d+ s ago +\\d+ s ago +20\\S+Z +shop$`, 'm'))
  const { secret: next } = JSON.parse(rotated.stdout)
  await expect(apiWith(secret).auth.whoami.query()).rejects.toMatchObject(REFUSED)
  expect(await apiWith(next).auth.whoami.query()).toMatchObject({ kind: 'key', subject: id })

  expect((await pmesh('keys', 'revoke', id)).stdout).toBe(`revoked  ${id}\n`)
  await expect(apiWith(next).auth.whoami.query()).rejects.toMatchObject(REFUSED)
  const again = await pmesh('keys', 'revoke', id)
  expect(again.stderr).toBe(`pmesh: there is no service key ${id} (ERR_KEY_UNKNOWN)\n`)
})

it('pmesh sessions shows who is logged in and ends it; pmesh audit shows what was done', async () => {
  const { text, nonce } = await apiWith().auth.challenge.mutate({
    kind: 'pastelid',
    subject: admin.pastelId,
    uri: url,
  })
  const signature = Buffer.from(await admin.sign(text)).toString('base64url')
  const { accessToken } = await apiWith().auth.verify.mutate({ nonce, signature })
  await apiWith(accessToken).admin.setRelay.mutate({ on: true })

  const [{ stdout }, asJson] = await Promise.all([pmesh('sessions'), pmesh('sessions', 'list', '--json')])
  const [{ id }] = JSON.parse(asJson.stdout)
  expect(stdout).toMatch(new RegExp(`^${id} +admin +\\d+ s ago +\\d+ s ago +${admin.pastelId}$`, 'm'))
  expect((await pmesh('sessions', 'revoke', id)).stdout).toBe(`revoked  ${id}\n`)
  await expect(apiWith(accessToken).auth.whoami.query()).rejects.toMatchObject(REFUSED)

  const [audit, entries] = await Promise.all([pmesh('audit'), pmesh('audit', '--limit', '2', '--json')])
  const who = admin.pastelId.slice(0, 16)
  expect(audit.stdout).toMatch(/^WHEN +RESULT +WHAT +WHO +WITH$/m)
  expect(audit.stdout).toMatch(new RegExp(`Z +ok +setRelay +${who}… +{"on":true}$`, 'm'))
  expect(JSON.parse(entries.stdout)).toMatchObject([
    { procedure: 'admin.sessions.revoke', kind: 'socket', result: 'ok', input: `{"id":"${id}"}` },
    { procedure: 'admin.setRelay', kind: 'pastelid', subject: admin.pastelId, session: id },
  ])
})

it('pmesh keys create says first that the name is empty, then that there is no scope', async () => {
  const [nameless, scopeless] = await Promise.all([
    pmesh('keys', 'create', ''),
    pmesh('keys', 'create', 'shop'),
  ])
  expect(nameless).toMatchObject({ code: 1, stdout: '' })
  expect(nameless.stderr).toMatch(/^error: the argument 'name' is empty\n/)
  expect(scopeless).toMatchObject({ code: 1, stdout: '' })
  expect(scopeless.stderr).toMatch(/^error: required option '--scope <scope>' not specified\n/)
})
