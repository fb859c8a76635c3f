import { expect } from 'vitest'
import { ProtocolError } from '../src/index.ts'

/** Runs what must be refused and returns the refusal; anything but a ProtocolError of that code fails. */
export async function expectProtocolError(run: () => unknown, code?: string): Promise<ProtocolError> {
  let result: unknown
  try {
    result = await run()
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    if (code !== undefined) expect(error.code, error.message).toBe(code)
    return error
  }
  return expect.fail(`expected a ProtocolError ${code ?? ''}, got ${JSON.stringify(result)?.slice(0, 200)}`)
}
