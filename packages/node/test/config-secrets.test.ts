import { expect, it } from 'vitest'
import { z } from 'zod'
import { keyRegistry, keysOf } from '../src/config/config-key.ts'
import { formatValue } from '../src/config/format-value.ts'

it('the value of a secret key is never shown', () => {
  const token = z
    .string()
    .optional()
    .register(keyRegistry, { kind: 'text', about: 'a token', placeholder: '<token>', isSecret: true })
  const [key] = keysOf(z.strictObject({ api: z.strictObject({ token }).prefault({}) }))
  expect(key).toMatchObject({ path: 'api.token', flag: '--api-token', variable: 'PMESH_API_TOKEN' })
  expect(formatValue(key!, 'abc')).toBe('(secret)')
  expect(formatValue(key!, undefined)).toBe('(none)')
})
