import type { EmulatedSupernode } from '../pasteld-emulator/start-pasteld-emulator.ts'

/** A message that one supernode is to send to another; both by their numbers from 0 on. */
export interface Dealt {
  readonly from: number
  readonly to: number
  /** Of its own: no other message has it. */
  readonly text: string
  readonly fromId: string
}

/** What one supernode says that it got. */
export interface Found {
  readonly from: string
  readonly text: string
  readonly via: string
}

/** How it went for one supernode. */
export interface PasteldResult {
  readonly name: string
  readonly pastelId: string
  readonly way: 'mesh and core' | 'core only'
  readonly sent: number
  readonly received: number
  /** All that it was to get is there, nothing twice, and nothing else. */
  readonly once: boolean
  /** Each from whom it was sent. */
  readonly right: boolean
}

/** Messages from each half to the other, and a tenth as many within the half that is on the mesh. */
export function deal(supernodes: readonly Pick<EmulatedSupernode, 'pastelId'>[], messages: number): Dealt[] {
  const half = supernodes.length / 2
  const dealt: Dealt[] = []
  const add = (from: number, to: number) => {
    const { pastelId: fromId = '' } = supernodes[from] ?? {}
    dealt.push({
      from,
      to,
      fromId,
      text: `${dealt.length}: supernode ${from + 1} to supernode ${to + 1}, grüße`,
    })
  }
  for (let i = 0; i < messages; i += 1) {
    const [one, other] = [i % half, half + (Math.floor(i / half) % half)]
    add(one, other)
    add(other, one)
    if (i % 10 === 0) add(one, (one + 1) % half)
  }
  return dealt
}

/** @param handedOver by node: how many messages went through its core */
export function resultsOf(
  dealt: readonly Dealt[],
  found: readonly (readonly Found[])[],
  handedOver: readonly number[],
  supernodes: readonly Pick<EmulatedSupernode, 'name' | 'pastelId'>[],
): { readonly results: PasteldResult[]; readonly problems: string[] } {
  const half = supernodes.length / 2
  const problems: string[] = []
  const results = supernodes.map(({ name, pastelId }, index): PasteldResult => {
    const due = new Map(dealt.filter(({ to }) => to === index).map((one) => [one.text, one]))
    const got = found[index] ?? []
    const counts = new Map<string, number>()
    for (const { text } of got) counts.set(text, (counts.get(text) ?? 0) + 1)
    const missing = [...due.keys()].filter((text) => !counts.has(text))
    const twice = [...counts].filter(([, count]) => count > 1).map(([text]) => text)
    const strange = [...counts.keys()].filter((text) => !due.has(text))
    const wrong = got.filter(({ text, from, via }) => {
      const one = due.get(text)
      const isByMesh = one !== undefined && one.from < half && index < half
      return one?.fromId !== from || via !== (isByMesh ? 'mesh' : 'pasteld')
    })
    problems.push(
      ...missing.map((text) => `${name} did not get: ${text}`),
      ...twice.map((text) => `${name} got twice: ${text}`),
      ...strange.map((text) => `${name} got what nobody sent it: ${text}`),
      ...wrong.map(({ text, from, via }) => `${name} got from ${from}, by ${via}: ${text}`),
    )
    const toOthers = dealt.filter(({ from, to }) => from === index && to >= half).length
    if (index < half && handedOver[index] !== toOthers) {
      problems.push(`${name} says that ${handedOver[index]} went through its core, not ${toOthers}`)
    }
    return {
      name,
      pastelId,
      way: index < half ? 'mesh and core' : 'core only',
      sent: dealt.filter(({ from }) => from === index).length,
      received: got.length,
      once: missing.length + twice.length + strange.length === 0,
      right: wrong.length === 0,
    }
  })
  return { results, problems }
}
