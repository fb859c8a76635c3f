import { expect, it } from 'vitest'
import { type Part, stopParts } from '../src/parts.ts'

function part(name: string, stop: () => Promise<void>): Part {
  return { name, start: async () => {}, stop }
}

it('a part that does not stop is named, and those before it are stopped all the same, in reverse order', async () => {
  const stopped: string[] = []
  const stops = (name: string) =>
    part(name, async () => {
      stopped.push(name)
    })
  const parts = [
    stops('database'),
    stops('members'),
    part('node', () => new Promise(() => {})),
    part('server', () => Promise.reject(new Error('it is on fire'))),
  ]
  await expect(stopParts(parts, 1)).rejects.toMatchObject({
    message: 'the server did not stop: it is on fire; the node did not stop: it takes longer than 2 s',
  })
  expect(stopped).toEqual(['members', 'database'])
})
