import { pino } from 'pino'
import { expect, it } from 'vitest'
import { REDACTED_PATHS } from '../src/log/redacted-paths.ts'

it('what is secret does not reach the log, at whatever depth it usually stands', () => {
  const lines: string[] = []
  const logger = pino(
    { redact: { paths: REDACTED_PATHS } },
    { write: (line: string) => void lines.push(line) },
  )
  logger.info(
    { passphrase: 'hunter2', config: { password: 'hunter2', rpc: { rpcpassword: 'hunter2' } } },
    'hello',
  )
  logger.info({ headers: { authorization: 'hunter2', cookie: 'hunter2' }, key: { seed: 'hunter2' } }, 'hello')
  expect(lines.join('')).not.toContain('hunter2')
  expect(lines).toHaveLength(2)
})
