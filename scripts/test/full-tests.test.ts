import { expect, it } from 'vitest'
import { fullTests } from '../full-tests.ts'

it('the full form has its own tests, those whose counts it raises, also by what they import, and no others', () => {
  const tests = fullTests(new URL('../..', import.meta.url).pathname, ['packages/*/test/**/*.test.ts'])
  // Reads the switch itself, by a constant that it imports, and by a fixture that imports one.
  expect(tests).toContain('packages/sdk-node/test/messages.test.ts')
  expect(tests).toContain('packages/protocol/test/round-trip.test.ts')
  expect(tests).toContain('packages/testkit/test/mesh-kill.test.ts')
  // Is in the full form alone.
  expect(tests).toContain('packages/bench/test/broadcast.full.test.ts')
  expect(tests).not.toContain('packages/node/test/cli-help.test.ts')
})
