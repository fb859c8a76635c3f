import type { ServiceKeyAuth } from './auth.ts'

/** Calls as a program that has a service key, `pmk_…`: there is nothing to log in to. */
export function serviceKeyAuth(key: string): ServiceKeyAuth {
  return { kind: 'key', key }
}
