import { MeshError } from '@pastel-mesh/identity'
import type { AnyProcedure, AnyRouter } from '@trpc/server'
import { appRouter } from './router.ts'
import { accessOf, mergeRouters, type ProcedureMeta } from './trpc.ts'

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
  const procedures = further._def.procedures as Readonly<Record<string, AnyProcedure>>
  for (const [path, { _def }] of Object.entries(procedures)) {
    if (accessOf((_def as { readonly meta?: ProcedureMeta }).meta) === undefined) {
      throw unusable(`${path} does not state who may call it: make it with readProcedure or one of its like`)
    }
  }
  try {
    return mergeRouters(appRouter, further)
  } catch (cause) {
    throw unusable((cause as Error).message, cause)
  }
}

/**
 * The type of the node's routers with further ones beside them, for the client.
 * @example
 * export type MyRouter = AppRouterWith<typeof myRouter>
 * const client = createClient<MyRouter>({ url, auth })
 */
export type AppRouterWith<R extends AnyRouter> = ReturnType<typeof withRouter<R>>

function unusable(why: string, cause?: unknown): MeshError {
  return new MeshError('ERR_ROUTER', `the further router cannot be served: ${why}`, { cause })
}
