import { MeshError } from '@pastel-mesh/identity'
import type { AnyProcedure, AnyRouter } from '@trpc/server'
import { appRouter } from './router.ts'
import { accessOf, mergeRouters, type ProcedureMeta, router } from './trpc.ts'

/** Where the routers of plugins are. */
const PLUGINS = 'ext'

/**
 * The routers of the node, and further ones beside them.
 * @throws MeshError ERR_ROUTER: a name is taken, or a procedure does not state who may call it
 */
export function withRouter<R extends AnyRouter>(further: R) {
  for (const name of Object.keys(further._def.record)) {
    if (name === PLUGINS || Object.hasOwn(appRouter._def.record, name))
      throw unusable(`the name ${name} is the node's own`)
  }
  return merged(further)
}

/**
 * The routers of plugins, each under `ext.<name>`.
 * @throws MeshError ERR_ROUTER: a procedure does not state who may call it
 */
export function pluginsRouter<P extends Readonly<Record<string, AnyRouter>>>(plugins: P) {
  return router({ [PLUGINS]: router(plugins) } as { readonly ext: ReturnType<typeof router<P>> })
}

/**
 * All that a node serves.
 * @throws MeshError ERR_ROUTER, as of {@link withRouter}
 */
export function routerOf(
  further: AnyRouter | undefined,
  plugins: Readonly<Record<string, AnyRouter>> = {},
): AnyRouter {
  const own = further === undefined ? appRouter : withRouter(further)
  if (Object.keys(plugins).length === 0) return own
  try {
    const theirs = pluginsRouter(plugins)
    assertAccess(theirs)
    return mergeRouters(own, theirs)
  } catch (cause) {
    throw cause instanceof MeshError ? cause : unusable((cause as Error).message, cause)
  }
}

function merged<R extends AnyRouter>(further: R) {
  assertAccess(further)
  try {
    return mergeRouters(appRouter, further)
  } catch (cause) {
    throw unusable((cause as Error).message, cause)
  }
}

function assertAccess(further: AnyRouter): void {
  const procedures = further._def.procedures as Readonly<Record<string, AnyProcedure>>
  for (const [path, { _def }] of Object.entries(procedures)) {
    if (accessOf((_def as { readonly meta?: ProcedureMeta }).meta) === undefined) {
      throw unusable(`${path} does not state who may call it: make it with readProcedure or one of its like`)
    }
  }
}

/**
 * The type of the node's routers with further ones beside them, for the client.
 * @example
 * export type MyRouter = AppRouterWith<typeof myRouter>
 * const client = createClient<MyRouter>({ url, auth })
 */
export type AppRouterWith<R extends AnyRouter> = ReturnType<typeof withRouter<R>>

/** The same with the routers of plugins, by their names. */
export type AppRouterWithPlugins<P extends Readonly<Record<string, AnyRouter>>> = AppRouterWith<
  ReturnType<typeof pluginsRouter<P>>
>

function unusable(why: string, cause?: unknown): MeshError {
  return new MeshError('ERR_ROUTER', `the further router cannot be served: ${why}`, { cause })
}
