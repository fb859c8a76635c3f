/**
 * Searches all that a run of tests prints, which is what its processes write to the standard outputs, for secrets of
 * tests; see secret-watch.ts for what they write elsewhere.
 */
import { secretFinder } from './secret-watch.ts'

let found: string[] | undefined

export function setup(): void {
  if (found !== undefined) return
  const places: string[] = []
  found = places
  for (const [name, stream] of Object.entries({ stdout: process.stdout, stderr: process.stderr })) {
    const find = secretFinder(name, (where) => places.push(where))
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    stream.write = (piece: Uint8Array | string, ...rest: unknown[]) => {
      find(piece)
      return write(piece, ...rest)
    }
  }
}

/** @throws Error there was one, which fails the run */
export function teardown(): void {
  const places = found?.splice(0) ?? []
  if (places.length > 0) throw new Error(`secrets were printed:\n${places.join('\n')}`)
}
