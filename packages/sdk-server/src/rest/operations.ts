import type { AnyRouter } from '@trpc/server'
import { z } from 'zod'
import type { Access } from '../auth/session.ts'
import { accessOf, type ProcedureMeta } from '../trpc.ts'
import type { RestOperation } from './rest-operation.ts'

/** A procedure that can be called over plain HTTP. */
export interface Operation extends RestOperation {
  /** Its name, such as `service.messages.list`. */
  readonly procedure: string
  readonly type: 'query' | 'mutation'
  readonly access: Access
  /** Absent: it takes nothing. */
  readonly input?: z.ZodObject
}

interface Definition {
  readonly type: 'query' | 'mutation' | 'subscription'
  readonly meta?: ProcedureMeta
  readonly inputs: readonly unknown[]
}

/** All procedures of a router that say what they are over plain HTTP. */
export function operationsOf(router: AnyRouter): Operation[] {
  const procedures = router._def.procedures as Readonly<Record<string, { readonly _def: unknown }>>
  return Object.entries(procedures).flatMap(([procedure, { _def }]) => {
    const { type, meta, inputs } = _def as Definition
    const access = accessOf(meta)
    if (meta?.rest === undefined || access === undefined || type === 'subscription') return []
    const [input] = inputs
    return [{ ...meta.rest, procedure, type, access, ...(input instanceof z.ZodObject ? { input } : {}) }]
  })
}

/** The names in the braces of a path. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}
