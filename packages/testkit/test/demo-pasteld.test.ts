import { expect, test } from 'vitest'
import { deal, resultsOf } from '../src/demo/pasteld-exchange.ts'
import { leftBy, startDemo } from './fixtures/demo-process.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { IS_FULL } from './fixtures/test-runs.ts'

const SUPERNODES = ['a', 'b', 'c', 'd'].map((pastelId) => ({ name: `supernode ${pastelId}`, pastelId }))

/** What each would have got of all that was dealt. */
function allFound(dealt: ReturnType<typeof deal>) {
  return SUPERNODES.map((_, index) =>
    dealt
      .filter(({ to }) => to === index)
      .map(({ fromId, from, text }) => ({
        from: fromId,
        text,
        via: from < 2 && index < 2 ? 'mesh' : 'pasteld',
      })),
  )
}

test('of an exchange it is told what is missing, twice, from somebody else, by another way, or of nobody', () => {
  const dealt = deal(SUPERNODES, 20)
  const handedOver = [0, 1].map((node) => dealt.filter(({ from, to }) => from === node && to >= 2).length)
  expect(handedOver).toEqual([10, 10])
  expect(dealt).toHaveLength(42)
  expect(resultsOf(dealt, allFound(dealt), handedOver, SUPERNODES).problems).toEqual([])
  const change = (index: number, act: (found: ReturnType<typeof allFound>[number]) => void) => {
    const found = allFound(dealt)
    act(found[index] ?? [])
    return resultsOf(dealt, found, handedOver, SUPERNODES).problems.map((problem) => problem.slice(0, 30))
  }
  expect(change(2, (found) => found.pop())).toEqual([expect.stringMatching(/^supernode c did not get: /)])
  expect(change(2, (found) => found.push(...found.slice(0, 1)))).toEqual([
    expect.stringMatching(/^supernode c got twice: /),
  ])
  expect(change(0, (found) => Object.assign(found[0] ?? {}, { from: 'b' }))).toEqual([
    expect.stringMatching(/^supernode a got from b, /),
  ])
  expect(change(0, (found) => Object.assign(found[0] ?? {}, { via: 'other' }))).toHaveLength(1)
  expect(change(3, (found) => found.push({ from: 'a', text: 'x', via: 'pasteld' }))).toHaveLength(2)
  expect(resultsOf(dealt, allFound(dealt), [10, 9], SUPERNODES).problems).toHaveLength(1)
})

// The smallest that there is; the full form has ten supernodes and 1,000 messages each way.
const [nodes, messages] = IS_FULL ? ([10, 1_000] as const) : ([4, 20] as const)

test(`${nodes} emulated supernodes, half of them on the mesh, exchange ${messages} messages each way, once, through a core that restarts twice`, async () => {
  const temporary = await temporaryFolder()
  const demo = startDemo(['--pasteld', '--nodes', `${nodes}`, '--messages', `${messages}`], temporary)
  const { code, stdout, stderr } = await demo.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.match(/the core of supernode 1 restarts$/gm)).toHaveLength(2)
  expect(stdout.match(/^ *supernode-\d+ .* all +all$/gm)).toHaveLength(nodes)
  const all = 2 * messages + Math.ceil(messages / 10)
  expect(stdout).toContain(`every one of ${all} messages is where it was sent exactly once, from whom it was`)
  expect(stdout).toContain('an emulator of pasteld')
  expect(await leftBy(temporary)).toEqual([])
}, 300_000)
