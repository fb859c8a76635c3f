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
  checkRouter(further)
  try {
    return mergeRouters(appRouter, further)
  } catch (cause) {
    throw unusable((cause as Error).message, cause)
  }
}

/**
 * The routers of plugins, each under `ext.<name>`.
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
  for (const [name, theirs] of Object.entries(plugins)) checkRouter(theirs, `${PLUGINS}.${name}`)
  try {
    return mergeRouters(own, pluginsRouter(plugins))
  } catch (cause) {
    throw unusable((cause as Error).message, cause)
  }
}

/**
 * Whether a router can be served: each of its procedures says who may call it.
 * @param path of the router
 * @throws MeshError ERR_ROUTER
 */
export function checkRouter(checked: AnyRouter, path?: string): void {
  const { procedures, lazy } = checked._def as {
    readonly procedures: Readonly<Record<string, AnyProcedure>>
    readonly lazy?: Readonly<Record<string, unknown>>
  }
  const nameOf = (name: string) => (path === undefined ? name : `${path}.${name}`)
  const [late] = Object.keys(lazy ?? {})
  // Who may call what nobody has seen?
  if (late !== undefined) throw unusable(`${nameOf(late)} is lazy: give the router itself`)
  for (const [name, { _def }] of Object.entries(procedures)) {
    if (accessOf((_def as { readonly meta?: ProcedureMeta }).meta) === undefined) {
      throw unusable(
        `${nameOf(name)} does not state who may call it: make it with readProcedure or one of its like`,
      )
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
