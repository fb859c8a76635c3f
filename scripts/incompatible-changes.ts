/** A JSON value of which nothing is known. */
type Json = Readonly<Record<string, unknown>>

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
  readonly schema: Json
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, { schema: Json }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Json }>> }>
  >
}

export interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Json>> }
}

/**
 * What callers of the API as `before` describes it would trip over in the one as `after` describes it. What is added and
 * not demanded is no such thing.
 */
export function incompatibleChanges(before: Document, after: Document): string[] {
  const found: string[] = []
  for (const [path, methods] of Object.entries(before.paths ?? {})) {
    for (const [method, old] of Object.entries(methods)) {
      const where = `${method.toUpperCase()} ${path}`
      const now = after.paths?.[path]?.[method]
      if (now === undefined) found.push(`${where} was removed`)
      else found.push(...operationChanges(where, old, now, { before, after }))
    }
  }
  return found
}

interface Documents {
  readonly before: Document
  readonly after: Document
}

function operationChanges(where: string, old: Operation, now: Operation, documents: Documents): string[] {
  const found: string[] = []
  const key = ({ in: place, name }: Parameter) => `${place} ${name}`
  const parameters = new Map((now.parameters ?? []).map((one) => [key(one), one]))
  const known = new Map((old.parameters ?? []).map((one) => [key(one), one]))
  for (const [name, one] of known) {
    const other = parameters.get(name)
    if (other === undefined) found.push(`${where}: its parameter ${name} was removed`)
    else {
      if (other.required === true && one.required !== true) found.push(`${where}: ${name} is demanded now`)
      found.push(...schemaChanges(`${where}: ${name}`, one.schema, other.schema, 'input', documents))
    }
  }
  for (const [name, { required }] of parameters) {
    if (required === true && !known.has(name)) found.push(`${where}: demands the new parameter ${name}`)
  }
  if (old.requestBody === undefined && now.requestBody?.required === true)
    found.push(`${where}: demands a body`)
  const bodies = [old.requestBody, now.requestBody].map((body) => body?.content['application/json']?.schema)
  found.push(...schemaChanges(`${where}: body`, bodies[0], bodies[1], 'input', documents))
  for (const [status, { content }] of Object.entries(old.responses)) {
    const answers = [content, now.responses[status]?.content].map((one) => one?.['application/json']?.schema)
    found.push(...schemaChanges(`${where}: ${status}`, answers[0], answers[1], 'output', documents))
  }
  return found
}

function schemaChanges(
  where: string,
  given: Json | undefined,
  other: Json | undefined,
  direction: 'input' | 'output',
  documents: Documents,
): string[] {
  if (given === undefined) return []
  if (other === undefined) return [`${where} was removed`]
  const old = resolved(given, documents.before)
  const now = resolved(other, documents.after)
  const found: string[] = []
  if (JSON.stringify(old.type) !== JSON.stringify(now.type)) {
    return [`${where}: its type was ${String(old.type)} and is ${String(now.type)}`]
  }
  found.push(...valueChanges(where, old, now, direction))
  const properties = (old.properties ?? {}) as Readonly<Record<string, Json>>
  const remaining = (now.properties ?? {}) as Readonly<Record<string, Json>>
  for (const [name, schema] of Object.entries(properties)) {
    found.push(...schemaChanges(`${where}.${name}`, schema, remaining[name], direction, documents))
  }
  const [demandedBefore, demandedNow] = [old, now].map(
    ({ required }) => new Set((required ?? []) as readonly string[]),
  ) as [Set<string>, Set<string>]
  if (direction === 'input') {
    for (const name of demandedNow)
      if (!demandedBefore.has(name)) found.push(`${where}.${name} is demanded now`)
  } else {
    for (const name of demandedBefore) {
      if (!demandedNow.has(name) && name in remaining) found.push(`${where}.${name} may be absent now`)
    }
  }
  found.push(
    ...schemaChanges(`${where}[]`, asSchema(old.items), asSchema(now.items), direction, documents),
    ...schemaChanges(
      `${where}.*`,
      asSchema(old.additionalProperties),
      asSchema(now.additionalProperties),
      direction,
      documents,
    ),
  )
  const [choices = [], remainingChoices = []] = [old, now].map(
    ({ anyOf }) => anyOf as readonly Json[] | undefined,
  )
  for (const [index, choice] of choices.entries()) {
    found.push(...schemaChanges(`${where}|${index}`, choice, remainingChoices[index], direction, documents))
  }
  if (direction === 'output' && remainingChoices.length > choices.length) {
    found.push(`${where}: may be something else now`)
  }
  return found
}

/** Of two of these nobody can tell which takes more: another one counts as narrower. */
const FORMS = ['pattern', 'format']
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems']
const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems']

/** Values that are taken no more, or that come now. */
function valueChanges(where: string, old: Json, now: Json, direction: 'input' | 'output'): string[] {
  const isInput = direction === 'input'
  // What fits the one has to fit the other.
  const [from, to] = isInput ? [old, now] : [now, old]
  const found: string[] = []
  const [values, allowed] = [valuesOf(from), valuesOf(to)]
  if (allowed !== undefined && values === undefined) {
    found.push(`${where}: ${isInput ? 'only some values are taken now' : 'any value may come now'}`)
  }
  for (const value of values ?? []) {
    if (allowed !== undefined && !allowed.includes(value))
      found.push(`${where}: ${String(value)} ${isInput ? 'is taken no more' : 'comes now'}`)
  }
  for (const form of FORMS) {
    if (to[form] === undefined || to[form] === from[form]) continue
    const change = from[form] !== undefined ? 'another one' : isInput ? 'new' : 'gone'
    found.push(`${where}: its ${form} is ${change}`)
  }
  if (isInput) {
    for (const bound of UPPER_BOUNDS) {
      const [before, after] = [old[bound] ?? Number.POSITIVE_INFINITY, now[bound] ?? Number.POSITIVE_INFINITY]
      if (Number(after) < Number(before)) found.push(`${where}: its ${bound} is lower`)
    }
    for (const bound of LOWER_BOUNDS) {
      const [before, after] = [old[bound] ?? Number.NEGATIVE_INFINITY, now[bound] ?? Number.NEGATIVE_INFINITY]
      if (Number(after) > Number(before)) found.push(`${where}: its ${bound} is higher`)
    }
  }
  return found
}

/** The only values that there are; undefined: any. */
function valuesOf(schema: Json): readonly unknown[] | undefined {
  return 'const' in schema ? [schema.const] : (schema.enum as readonly unknown[] | undefined)
}

function asSchema(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as Json) : undefined
}

function resolved(schema: Json, { components }: Document): Json {
  const { $ref } = schema
  if (typeof $ref !== 'string') return schema
  return components?.schemas?.[$ref.replace('#/components/schemas/', '')] ?? {}
}
