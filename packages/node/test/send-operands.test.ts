import { encodePastelId, generateSeed, publicKeyFromSeed } from '@pastel-mesh/identity'
import { expect, it } from 'vitest'
import { splitOperands } from '../src/cli/send-operands.ts'

const [A, B] = [1, 2].map(() => encodePastelId(publicKeyFromSeed(generateSeed()))) as string[] as [
  string,
  string,
]

/** As the command line has them. */
function split(
  line: readonly string[],
  { named = [] as string[], flag }: { named?: string[]; flag?: string } = {},
) {
  const at = line.indexOf('--')
  const operands = line.filter((_, index) => index !== at)
  return splitOperands({ operands, behind: at < 0 ? 0 : line.length - 1 - at, named, flag })
}

it.each([
  [[A], {}, [A], undefined],
  [[A, 'hello'], {}, [A], 'hello'],
  [[A, B, A, 'hello'], {}, [A, B], 'hello'],
  [[A, '-'], {}, [A], '-'],
  [[A, ''], {}, [A], ''],
  [[A, '--', '-5 degrees'], {}, [A], '-5 degrees'],
  [[A, '--', B], {}, [A], B],
  [[A], { flag: B }, [A], B],
  [['hello'], { named: [A, B] }, [A, B], 'hello'],
  [[B], { named: [A] }, [A, B], undefined],
  [['--', 'hello'], { named: [A] }, [A], 'hello'],
])('the operands %j with %j', (line, options, to, text) => {
  expect(split(line, options)).toEqual({ to, text })
})

it.each([
  [[], {}, 'say to whom'],
  [['hello'], {}, 'say to whom'],
  [['hello', 'x'], {}, '"hello" is not a PastelID: the recipients come first, then the text'],
  // regression: the options became part of the text
  [[A, '--', 'hello', '--wait', '10s'], {}, 'give one text, in quotes, and options before "--"'],
  [[A, 'hello', '--', 'x'], {}, '"hello" is not a PastelID'],
  [[A, 'hello'], { flag: 'hello' }, '"hello" is not a PastelID'],
  [[A, '--', 'hello'], { flag: 'hello' }, 'give one text'],
  // One more recipient, with a mistake, must not become the text for the others.
  [[A, `${B.slice(0, 50)}${B.slice(51)}`], {}, 'a character of it is wrong or missing'],
  [['x'], { named: ['nobody'] }, '"nobody" is not a PastelID'],
])('the operands %j with %j are refused', (line, options, complaint) => {
  expect(() => split(line, options)).toThrow(complaint)
})
