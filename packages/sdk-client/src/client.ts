import type { AppRouter } from '@pastel-mesh/sdk-server'
import { createTRPCClient, createTRPCUntypedClient, splitLink, type TRPCClient } from '@trpc/client'
import type { AnyRouter } from '@trpc/server'
import type { Auth } from './auth/auth.ts'
import { type Credentials, fixedCredentials } from './auth/credentials.ts'
import type { LoginCalls } from './auth/login-calls.ts'
import { LoginSession } from './auth/login-session.ts'
import type { ClientOptions, MeshClient } from './index.ts'
import { callLink } from './links/call-link.ts'
import { credentialsLink } from './links/credentials-link.ts'
import { streamLink } from './links/stream-link.ts'
import { createMessages } from './messages.ts'
import { PastelMeshError } from './pastel-mesh-error.ts'
import { resumedStreams } from './stream/resumed-stream.ts'
import { withSignal } from './with-signal.ts'

/** Storing the largest request takes a second or two, and a member of the mesh may be asked for something. */
const DEFAULT_TIMEOUT_MS = 60_000
/** The server gives a sign every ten seconds. */
const DEFAULT_IDLE_MS = 30_000

/** Puts the parts together: the links of tRPC, who calls, and the streams. */
export function buildClient<R extends AnyRouter>(options: ClientOptions): MeshClient<R> {
  const { auth, timeoutMs = DEFAULT_TIMEOUT_MS, idleMs = DEFAULT_IDLE_MS } = options
  const uri = addressOf(options.url)
  const url = `${uri}/trpc`
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...call) => globalThis.fetch(...call))
  const calls = callLink(url, fetch, timeoutMs)
  const session =
    auth === undefined || auth.kind === 'key'
      ? undefined
      : new LoginSession({ auth, uri }, { calls: loginCalls() })
  const credentials = session ?? fixedCredentials(keyOf(auth))
  const open = resumedStreams({ url, fetch, credentials, idleMs })
  const links = [
    splitLink({
      condition: ({ type }) => type === 'subscription',
      true: streamLink(open),
      false: [credentialsLink(credentials), calls],
    }),
  ]
  // The router that the caller names may have more than ours; what is used here is in all of them.
  const api = createTRPCClient({ links }) as unknown as TRPCClient<R>
  const own = api as unknown as TRPCClient<AppRouter>
  return {
    api,
    messages: createMessages(open, async (signal) => {
      const { messages, notices } = await own.service.messages.list.query({ limit: 1 }, { signal })
      return [...messages, ...notices][0]?.cursor ?? 'start'
    }),
    async login({ signal } = {}) {
      if (session === undefined) throw noLogin()
      return session.login(signal)
    },
    async logout({ signal } = {}) {
      await withSignal(session?.logout() ?? Promise.resolve(), signal)
    },
  }

  function loginCalls(): LoginCalls {
    const client = (shown: Credentials) => createTRPCUntypedClient({ links: [credentialsLink(shown), calls] })
    const nobody = client(fixedCredentials(undefined))
    return {
      challenge: (input) => nobody.mutation('auth.challenge', input) as never,
      verify: (input) => nobody.mutation('auth.verify', input) as never,
      refresh: (input) => nobody.mutation('auth.refresh', input) as never,
      logout: (shown) => client(fixedCredentials(shown)).mutation('auth.logout', {}) as never,
    }
  }
}

/** Without what may follow: a slash, a search or a fragment. */
function addressOf(url: string | URL): string {
  const { origin, pathname, protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new PastelMeshError({ code: 'ERR_URL', message: `${url} is not the http(s) address of a node` })
  }
  return origin + pathname.replace(/\/+$/, '')
}

function keyOf(auth: Auth | undefined): string | undefined {
  return auth?.kind === 'key' ? `Bearer ${auth.key}` : undefined
}

function noLogin(): PastelMeshError {
  const message = 'nobody can log in with a service key, or without an `auth`'
  return new PastelMeshError({ code: 'ERR_NO_LOGIN', message })
}
