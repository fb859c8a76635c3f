import { pino } from 'pino'
import { expect, it } from 'vitest'
import { pluginTeller } from '../src/cli/tell-plugins.ts'

function linesOf(isPretty: boolean): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'debug', base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  const tell = pluginTeller(logger, { isPretty })
  const fields = { peers: 3, of: { a: 1, password: 'hunter2' }, token: 'hunter2', plugin: 'another' }
  tell({ plugin: 'greeter', level: 'info', message: 'tick\u001b[2J', fields })
  tell({ plugin: 'greeter', level: 'warn', message: 'slow' })
  return lines
}

it('a plugin speaks with its own name, whatever its fields are', () => {
  expect(linesOf(false)).toMatchObject([
    { level: 30, event: 'plugin', plugin: 'greeter', peers: 3, msg: 'tick\u001b[2J' },
    { level: 40, event: 'plugin', plugin: 'greeter', msg: 'slow' },
  ])
})

it('on a terminal name and fields are in the line, without what is secret and what moves the cursor', () => {
  const [first, second] = linesOf(true)
  expect(first?.msg).toMatch(
    /^greeter: tick.* peers=3 of=\{"a":1,"password":"\(secret\)"\} token=\(secret\) plugin=another$/,
  )
  expect(first?.msg).not.toContain('\u001b')
  expect(second?.msg).toBe('greeter: slow')
})
