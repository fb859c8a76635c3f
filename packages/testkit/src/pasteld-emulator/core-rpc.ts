import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { chainFolder } from './pastel-conf.ts'

/**
 * What a call came to that has no result: `again`, it was not done, because the core is away, is starting, or has too
 * much to do; `refused`, the core will not do it; `unknown`, nobody can say whether it was done.
 */
export type FailureKind = 'again' | 'refused' | 'unknown'

export class CoreRpcError extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

const RPC_IN_WARMUP = -28
const TOO_MUCH_TO_DO = 'Work queue depth exceeded'

/**
 * Calls of an emulated core as its pastel.conf says, each on a connection of its own. Independent of the project's own
 * client: what is tested with it stands on its own.
 */
export class CoreRpc {
  readonly #confPath: string

  constructor(confPath: string) {
    this.#confPath = confPath
  }

  /** @throws CoreRpcError */
  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    const { status, text } = await this.#post(JSON.stringify({ method, params, id: 1 }))
    const reply = parse(text)
    if (status === 200 && reply !== undefined) return reply.result
    const what = `${method}: HTTP ${status}: ${reply?.error?.message ?? text}`
    // 401: the cookie was that of before a restart.
    const isAway =
      status === 503 ||
      (status === 401 && this.#hasCookie) ||
      text === TOO_MUCH_TO_DO ||
      reply?.error?.code === RPC_IN_WARMUP
    if (isAway) throw new CoreRpcError('again', what)
    throw new CoreRpcError(status === 200 ? 'unknown' : 'refused', what)
  }

  async #post(body: string): Promise<{ readonly status: number; readonly text: string }> {
    const { port, credentials } = await this.#connection()
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    return await new Promise((resolve, reject) => {
      const fail = (cause: NodeJS.ErrnoException) => {
        const kind = cause.code === 'ECONNREFUSED' ? 'again' : 'unknown'
        reject(new CoreRpcError(kind, `the core on port ${port}: ${cause.message}`, { cause }))
      }
      const asked = request(
        { host: '127.0.0.1', port, method: 'POST', agent: false, headers: { authorization } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', fail)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          )
        },
      )
      asked.on('error', fail)
      asked.end(body)
    })
  }

  get #hasCookie(): boolean {
    return !this.#conf().has('rpcpassword')
  }

  #conf(): ReadonlyMap<string, string> {
    const lines = readFileSync(this.#confPath, 'utf8').split('\n')
    return new Map(lines.map((line) => line.split(/=(.*)/, 2) as [string, string]))
  }

  async #connection(): Promise<{ readonly port: number; readonly credentials: string }> {
    const conf = this.#conf()
    const port = Number(conf.get('rpcport'))
    if (!this.#hasCookie) return { port, credentials: `${conf.get('rpcuser')}:${conf.get('rpcpassword')}` }
    const chain = (['testnet', 'devnet', 'regtest'] as const).find((name) => conf.has(name)) ?? 'mainnet'
    try {
      const path = join(chainFolder(dirname(this.#confPath), chain), '.cookie')
      return { port, credentials: await readFile(path, 'utf8') }
    } catch (cause) {
      throw new CoreRpcError('again', `the core on port ${port} has written no cookie yet`, { cause })
    }
  }
}

interface Reply {
  readonly result: unknown
  readonly error: { readonly code: number; readonly message: string } | null
}

function parse(text: string): Reply | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
