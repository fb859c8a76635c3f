import { MeshError } from '@pastel-mesh/identity'
import { z } from 'zod'
import { adminProcedure, router } from '../trpc.ts'

/** Who is logged in. */
export const sessions = router({
  /** The newest first. */
  list: adminProcedure.query(({ ctx }) =>
    Promise.all(
      ctx.auth.sessions
        .list()
        .map(async ({ id, kind, subject, createdAtMs, refreshedAtMs, expiresAtMs }) => ({
          id,
          kind,
          subject: await ctx.auth.logins.shown({ kind, subject }),
          role: ctx.auth.roles.of({ id: subject }),
          createdAtMs,
          refreshedAtMs,
          /** If it is not refreshed before. */
          expiresAtMs,
        })),
    ),
  ),

  /** Ends one, at once. */
  revoke: adminProcedure
    .input(z.strictObject({ id: z.string().max(64) }))
    .mutation(async ({ input, ctx }) => {
      if (!(await ctx.auth.sessions.end(input.id, 'an admin revoked it'))) {
        throw new MeshError('ERR_SESSION_UNKNOWN', `there is no session ${input.id}`)
      }
      return { revoked: input.id }
    }),
})
