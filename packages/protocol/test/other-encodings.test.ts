import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RUNS } from './arbitraries.ts'
import { codecs } from './codecs.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'
import { parseTree, type Schema, serializeTree, type Tree, type TreeField } from './wire.ts'

/** Somewhere in a message: its parts, and how they should be laid out. */
interface Place {
  readonly tree: Tree
  readonly schema: Schema
}

function places(tree: Tree, schema: Schema): Place[] {
  const found: Place[] = [{ tree, schema }]
  for (const { number, value } of tree.fields) {
    const kind = schema[number]?.kind
    if (typeof kind === 'object') found.push(...places(value as Tree, kind))
  }
  return found
}

/** Changes the encoding at a place; false where there is nothing to change. */
type Change = (place: Place, pick: (length: number) => number) => boolean

const changes: Readonly<Record<string, Change>> = {
  'an unknown field': ({ tree }, pick) => {
    const number = [14, 15, 16, 2047, 2048, 2 ** 28 - 1][pick(6)] as number
    tree.fields.push({ number, value: pick(2) === 0 ? BigInt(pick(300)) : new Uint8Array(pick(4)) })
    return true
  },
  'an unknown group': ({ tree }) => {
    tree.fields.push({ number: 20, value: new Uint8Array(0), wireType: 3 })
    return true
  },
  'a repeated field': ({ tree, schema }, pick) => {
    const single = tree.fields.filter(({ number }) => schema[number]?.repeated !== true)
    if (single.length === 0) return false
    const field = single[pick(single.length)] as TreeField
    tree.fields.splice(tree.fields.indexOf(field), 0, field)
    return true
  },
  'a needlessly long tag': (place, pick) =>
    replace(place, pick, (field) => ({ ...field, long: { tag: 1 + pick(3) } })),
  'a needlessly long length': (place, pick) =>
    replace(place, pick, (field) =>
      typeof field.value === 'bigint' ? undefined : { ...field, long: { length: 1 + pick(3) } },
    ),
  'a needlessly long number': (place, pick) =>
    replace(place, pick, (field) =>
      typeof field.value === 'bigint' ? { ...field, long: { value: 1 + pick(6) } } : undefined,
    ),
  'fields out of order': ({ tree }, pick) => {
    const at = pick(tree.fields.length)
    const [one, other] = [tree.fields[at], tree.fields[at + 1]]
    if (one === undefined || other === undefined || one.number === other.number) return false
    tree.fields.splice(at, 2, other, one)
    return true
  },
  'an explicit default': ({ tree, schema }, pick) => {
    const absent = Object.entries(schema).filter(
      ([number, { kind, repeated }]) =>
        typeof kind === 'string' &&
        !repeated &&
        !tree.fields.some((field) => field.number === Number(number)),
    )
    if (absent.length === 0) return false
    const [key, { kind }] = absent[pick(absent.length)] as (typeof absent)[number]
    const number = Number(key)
    const at = tree.fields.findIndex((field) => field.number > number)
    const field = { number, value: kind === 'number' ? 0n : new Uint8Array(0) }
    tree.fields.splice(at === -1 ? tree.fields.length : at, 0, field)
    return true
  },
  'another wire type': (place, pick) =>
    replace(place, pick, (field) => ({
      ...field,
      wireType: typeof field.value === 'bigint' ? (pick(2) === 0 ? 5 : 1) : ([0, 1, 5] as const)[pick(3)],
    })),
}

function replace(
  { tree }: Place,
  pick: (length: number) => number,
  change: (field: TreeField) => TreeField | undefined,
): boolean {
  if (tree.fields.length === 0) return false
  const at = pick(tree.fields.length)
  const changed = change(tree.fields[at] as TreeField)
  if (changed === undefined) return false
  tree.fields[at] = changed
  return true
}

describe.each(codecs)('$name', (codec) => {
  test('is taken apart and put together by the tests themselves without a change', () => {
    fc.assert(
      fc.property(codec.values, (value) => {
        const bytes = codec.encode(value)
        expect(hex(serializeTree(parseTree(bytes, codec.schema)))).toBe(hex(bytes))
      }),
    )
  })

  test.each(Object.keys(changes))('is refused with %s', async (name) => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(codec.values, fc.gen(), async (value, gen) => {
        const pick = (length: number) => gen(fc.nat, { max: Math.max(0, length - 1) })
        const tree = parseTree(codec.encode(value), codec.schema)
        const all = places(tree, codec.schema)
        if (!(changes[name] as Change)(all[pick(all.length)] as Place, pick)) return
        await expectProtocolError(() => codec.decode(serializeTree(tree), value))
        refused++
      }),
      { numRuns: RUNS },
    )
    // Not every value has a place for such a change; that some have shows that the check is not empty.
    expect(refused).toBeGreaterThan(0)
  })
})
