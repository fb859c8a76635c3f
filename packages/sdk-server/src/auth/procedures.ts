import { MeshError } from '@pastel-mesh/identity'
import { z } from 'zod'
import { openProcedure, router, sessionProcedure } from '../trpc.ts'

/** Longer than any of them, and nothing that takes long to look at. */
const token = z.string().max(512)
const uri = z.string().max(256)
const refreshInput = z.strictObject({ refreshToken: token })

/** Logging in and out. */
export const auth = router({
  /** What is to be signed, by whom and where the client reaches this server. */
  challenge: openProcedure
    .input(z.strictObject({ kind: z.enum(['pastelid', 'wallet']), subject: z.string().max(100), uri }))
    .mutation(async ({ input, ctx }) => {
      const { text, nonce, expiresAtMs } = await ctx.auth.logins.challenge(input, ctx.address)
      return { text, nonce, expiresAt: new Date(expiresAtMs) }
    }),

  /** A session, for the signature of a challenge: of one that was tried once, never again. */
  verify: openProcedure
    .input(z.strictObject({ nonce: z.string().max(64), signature: token }))
    .mutation(({ input: { nonce, signature }, ctx }) =>
      ctx.auth.logins.verify(nonce, signature, ctx.address),
    ),

  /** New tokens, for a refresh token: it is used up. One that comes again ends the session. */
  refresh: openProcedure
    .meta({
      refreshes(rawInput, { sessions }) {
        const { data } = refreshInput.safeParse(rawInput)
        return data && sessions.named(data.refreshToken)
      },
    })
    .input(refreshInput)
    .mutation(({ input: { refreshToken }, ctx }) => ctx.auth.logins.refresh(refreshToken, ctx.address)),

  /** Ends the session of the access token, at once. */
  logout: sessionProcedure.input(z.strictObject({})).mutation(async ({ ctx }) => {
    const { id } = ctx.session
    if (id === undefined)
      throw new MeshError('ERR_FORBIDDEN', 'only who logged in can log out: service keys are revoked')
    await ctx.auth.sessions.end(id, 'it was logged out')
    return {}
  }),

  /** Who calls, and what that may do. */
  whoami: sessionProcedure.query(async ({ ctx }) => {
    const { kind, subject, role, scopes, expiresAtMs } = ctx.session
    return {
      kind,
      subject: kind === 'wallet' ? await ctx.auth.logins.shown({ kind, subject }) : subject,
      ...(role === undefined ? {} : { role }),
      ...(scopes === undefined ? {} : { scopes }),
      ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs) }),
    }
  }),
})
