import { z } from 'zod'

const NUMBER = /^-?\d{1,20}(\.\d{1,20})?$/
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false }

/** Makes of the texts of a query what the input's schema takes: everything else is for the schema to refuse. */
export function queryReader(input: z.ZodObject): (query: Readonly<Record<string, unknown>>) => object {
  const types = new Map(Object.entries(input.shape).map(([name, schema]) => [name, typesOf(schema)]))
  return (query) =>
    Object.fromEntries(Object.entries(query).map(([name, text]) => [name, read(text, types.get(name))]))
}

function read(text: unknown, types?: ReadonlySet<unknown>): unknown {
  if (typeof text !== 'string' || types === undefined) return text
  if (types.has('boolean') && Object.hasOwn(BOOLEANS, text)) return BOOLEANS[text]
  if ((types.has('number') || types.has('integer')) && NUMBER.test(text)) return Number(text)
  return text
}

/** Such as `integer` and `string` of a time. */
function typesOf(schema: z.core.$ZodType): Set<unknown> {
  const { type, anyOf = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return new Set([type, ...anyOf.map((one) => (typeof one === 'object' ? one.type : undefined))])
}
