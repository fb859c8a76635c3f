import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalSigner, generateSeed, type Signer } from '@pastel-mesh/identity'
import type { AppRouter } from '@pastel-mesh/sdk-client'
import { freePort } from '@pastel-mesh/testkit'
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client'
import superjson from 'superjson'
import { withNode } from '../start/start-node.ts'

export const TOPIC = 'bench'

export interface ServedNode {
  /** Where its API is. */
  readonly url: string
  /** Where its metrics are. */
  readonly metricsUrl: string
  readonly pid: number
  /** Access tokens of sessions of their own. */
  readonly tokens: readonly string[]
}

/** Uses one `pmesh start`, with the limits that it has by itself, in which an operator has logged in so many times. */
export async function withServedNode<T>(
  sessions: number,
  use: (served: ServedNode) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const operator = createLocalSigner(generateSeed())
  const [api, metrics] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const args = ['--api-listen', api, '--metrics-listen', metrics, '--operator', operator.pastelId]
  try {
    return await withNode({ dataDir: folder, network: 'bench', topic: TOPIC, args }, async (control) => {
      const url = `http://${api}`
      const tokens: string[] = []
      for (let i = 0; i < sessions; i += 1) tokens.push(await logIn(url, operator))
      const { pid } = await control.admin.status.query()
      return use({ url, metricsUrl: `http://${metrics}`, pid, tokens })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The API as somebody with a token has it. */
export function apiOf(url: string, token?: string): TRPCClient<AppRouter> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return createTRPCClient<AppRouter>({
    links: [httpLink({ url: `${url}/trpc`, transformer: superjson, headers })],
  })
}

async function logIn(url: string, signer: Signer): Promise<string> {
  const { auth } = apiOf(url)
  const subject = signer.pastelId
  const { nonce, text } = await auth.challenge.mutate({ kind: 'pastelid', subject, uri: url })
  const signature = Buffer.from(await signer.sign(text)).toString('base64url')
  return (await auth.verify.mutate({ nonce, signature })).accessToken
}
