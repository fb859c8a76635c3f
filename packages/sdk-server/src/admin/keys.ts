import { z } from 'zod'
import { SCOPES } from '../auth/session.ts'
import { timeInput } from '../service/time-schema.ts'
import { adminProcedure, router } from '../trpc.ts'

const id = z.string().max(64)
/** Time for people to bring a new secret to all that use it. */
const DEFAULT_OVERLAP_MS = 24 * 60 * 60_000
/** A secret that has to go is not good for longer than that. */
const MAX_OVERLAP_MS = 30 * DEFAULT_OVERLAP_MS

/** The keys with which applications call. */
export const keys = router({
  /** The oldest first; the secrets are nowhere. */
  list: adminProcedure.query(({ ctx }) => ctx.auth.serviceKeys.list()),

  /** Makes one. `secret` is shown here and never again. */
  create: adminProcedure
    .input(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
        expiresAt: timeInput.optional(),
      }),
    )
    .mutation(async ({ input: { name, scopes, expiresAt }, ctx }) => {
      const wanted = { name, scopes, ...(expiresAt === undefined ? {} : { expiresAtMs: expiresAt }) }
      const { key, secret } = await ctx.auth.serviceKeys.create(wanted)
      return { ...key, secret }
    }),

  /** Another secret for a key; the old one is good for `overlapMs` more. */
  rotate: adminProcedure
    .input(
      z.strictObject({
        id,
        overlapMs: z.number().int().min(0).max(MAX_OVERLAP_MS).default(DEFAULT_OVERLAP_MS),
      }),
    )
    .mutation(async ({ input: { id, overlapMs }, ctx }) => {
      const { key, secret } = await ctx.auth.serviceKeys.rotate(id, overlapMs)
      return { ...key, secret }
    }),

  /** Takes it from whoever has it, at once. */
  revoke: adminProcedure.input(z.strictObject({ id })).mutation(async ({ input, ctx }) => {
    await ctx.auth.serviceKeys.revoke(input.id)
    return { revoked: input.id }
  }),
})
