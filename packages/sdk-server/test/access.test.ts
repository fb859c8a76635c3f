import type { AnyProcedure } from '@trpc/server'
import { expect, test } from 'vitest'
import { CallLimits } from '../src/auth/call-limits.ts'
import { type Access, mayCall, ROLES, type Session } from '../src/auth/session.ts'
import { appRouter } from '../src/router.ts'

const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>)

/** What each procedure demands: a new one, or another demand, is to be written here as well. */
const DEMANDS: Readonly<Record<string, readonly string[]>> = {
  anyone: ['service.ping', 'service.pulse', 'auth.challenge', 'auth.verify', 'auth.refresh'],
  session: ['auth.logout', 'auth.whoami'],
  'viewer, or read': [
    'service.info',
    'service.topics.list',
    'service.members.list',
    'service.messages.list',
    'service.messages.get',
    'service.messages.subscribe',
    'service.messages.proof',
    'service.messages.storedBy',
    'service.messages.sent',
    'service.messages.delivery',
    'service.messages.disclose',
    'service.statistics.totals',
    'service.statistics.list',
  ],
  'operator, or send': ['service.messages.publish', 'service.messages.send'],
  viewer: [
    'admin.status',
    'admin.unshared',
    'admin.alerts.list',
    'admin.pasteld.status',
    'admin.pasteld.supernodes',
    'admin.peers.list',
    'admin.peers.bans',
    'admin.topics.list',
    'admin.store.size',
    'admin.store.retention',
    'admin.jobs.stats',
    'admin.jobs.list',
    'admin.jobs.show',
    'admin.members.list',
    'admin.schedules.list',
  ],
  operator: [
    'admin.peers.dial',
    'admin.peers.disconnect',
    'admin.peers.ban',
    'admin.peers.unban',
    'admin.topics.subscribe',
    'admin.topics.unsubscribe',
    'admin.setRelay',
    'admin.alerts.dismiss',
    'admin.store.prune',
    'admin.store.compact',
    'admin.configuration.show',
    'admin.jobs.add',
    'admin.jobs.retry',
    'admin.jobs.redrive',
    'admin.jobs.cancel',
    'admin.jobs.remove',
    'admin.jobs.clear',
    'admin.jobs.pause',
    'admin.jobs.resume',
    'admin.schedules.set',
    'admin.schedules.remove',
  ],
  admin: [
    'admin.drain',
    'admin.shutdown',
    'admin.configuration.reload',
    'admin.members.add',
    'admin.members.remove',
    'admin.keys.list',
    'admin.keys.create',
    'admin.keys.rotate',
    'admin.keys.revoke',
    'admin.sessions.list',
    'admin.sessions.revoke',
    'admin.audit.list',
  ],
}

function demandOf(access: Access | undefined): string {
  if (access === undefined) return 'nothing is stated'
  return access.scope === undefined ? access.role : `${access.role}, or ${access.scope}`
}

test('every procedure demands what is stated for it, and nothing else is there', () => {
  const demanded: Record<string, string[]> = {}
  for (const [path, procedure] of procedures) {
    const demand = demandOf((procedure._def as { meta?: Access }).meta)
    demanded[demand] = [...(demanded[demand] ?? []), path]
  }
  const sorted = (all: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(all).map(([demand, paths]) => [demand, [...paths].sort()]))
  expect(sorted(demanded)).toEqual(sorted(DEMANDS))
})

/** Whoever has a session may. */
const isOpenTo = (demand: string) => demand === 'anyone' || demand === 'session'

const callers: [name: string, session: Session | undefined, mayCall: (demand: string) => boolean][] = [
  ['nobody', undefined, (demand) => demand === 'anyone'],
  ...ROLES.map((role): [string, Session, (demand: string) => boolean] => [
    role,
    { kind: 'pastelid', subject: 'somebody', role },
    (demand) => isOpenTo(demand) || ROLES.indexOf(role) >= ROLES.indexOf(demand.split(',')[0] as never),
  ]),
  [
    'a service key that reads',
    { kind: 'key', subject: 'k', scopes: ['read'] },
    (demand) => isOpenTo(demand) || demand.endsWith('or read'),
  ],
  [
    'a service key that sends',
    { kind: 'key', subject: 'k', scopes: ['send'] },
    (demand) => isOpenTo(demand) || demand.endsWith('or send'),
  ],
]

test.each(callers)('%s calls what that is for, and nothing else', async (_, session, isAllowed) => {
  const parts = { address: 'here', limits: new CallLimits(), calls: { ended: () => {} } }
  const caller = appRouter.createCaller({ session, ...parts } as never)
  for (const [demand, paths] of Object.entries(DEMANDS)) {
    for (const path of paths) {
      // Nothing is behind it: whoever gets past the check fails otherwise.
      const call = path
        .split('.')
        .reduce((at, name) => (at as Record<string, unknown>)[name] as object, caller as object)
      const code = await (call as unknown as (input: unknown) => Promise<unknown>)({ nonsense: true }).then(
        () => 'done',
        (error) => error.code as string,
      )
      const isRefused = code === 'FORBIDDEN' || code === 'UNAUTHORIZED'
      expect(`${path}: ${isRefused ? 'refused' : 'let in'}`).toBe(
        `${path}: ${isAllowed(demand) ? 'let in' : 'refused'}`,
      )
    }
  }
})

test('who may call what is decided by role or scope', () => {
  expect(mayCall({ kind: 'key', subject: 'k' }, { role: 'viewer', scope: 'read' })).toBe(false)
  expect(mayCall({ kind: 'wallet', subject: '0x', role: 'admin' }, { role: 'viewer' })).toBe(true)
})
