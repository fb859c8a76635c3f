import { Agent, request } from 'node:http'
import superjson, { type SuperJSONResult } from 'superjson'

export interface CallLoadOptions {
  readonly url: string
  /** A query without an input. */
  readonly procedure: string
  /** Shown in turn. */
  readonly tokens: readonly string[]
  readonly inFlight: number
  readonly calls: number
}

export interface CallLoad {
  readonly perSecond: number
  /** From the call to its answer, read and parsed. */
  readonly callsMs: readonly number[]
}

/**
 * Calls a procedure so many times, so many at a time, on as many connections that are kept.
 * @throws Error if a call is not answered with 200
 */
export async function loadCalls({ inFlight, calls, tokens, ...to }: CallLoadOptions): Promise<CallLoad> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  const callsMs: number[] = []
  let asked = 0
  const beganMs = performance.now()
  const callOneAfterTheOther = async () => {
    while (asked < calls) {
      const token = tokens[asked % tokens.length] ?? ''
      asked += 1
      const calledMs = performance.now()
      await call(agent, { ...to, token })
      callsMs.push(performance.now() - calledMs)
    }
  }
  try {
    await Promise.all(Array.from({ length: inFlight }, callOneAfterTheOther))
    return { perSecond: calls / ((performance.now() - beganMs) / 1000), callsMs }
  } finally {
    agent.destroy()
  }
}

/** Node's own client: a `fetch` would take more of the machine than the servers do. */
function call(
  agent: Agent,
  { url, procedure, token }: { readonly url: string; readonly procedure: string; readonly token: string },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const headers = { authorization: `Bearer ${token}` }
  const outgoing = request(`${url}/trpc/${procedure}`, { agent, headers }, (response) => {
    response.setEncoding('utf8')
    let text = ''
    response.on('data', (chunk: string) => {
      text += chunk
    })
    response.once('error', reject)
    response.once('end', () => {
      if (response.statusCode === 200) resolve(parse(text))
      else reject(new Error(`${procedure} was answered with ${response.statusCode}: ${text}`))
    })
  })
  outgoing.once('error', reject)
  outgoing.end()
  return promise
}

function parse(text: string): unknown {
  return superjson.deserialize((JSON.parse(text) as { result: { data: SuperJSONResult } }).result.data)
}
