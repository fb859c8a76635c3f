import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { queryReader } from '../rest/query-input.ts'
import type { PastelOperation } from './pastel-operations.ts'
import { type InputProblem, PastelRefusal } from './pastel-refusal.ts'

/** Where a passphrase may stand as well: no history of addresses has it. */
const PASSPHRASE = 'pastelid_passphrase'
const PASSPHRASE_HEADER = 'pastelid-passphrase'
const MAX_PROBLEMS = 5

/** What curl and HTML send, and Python unless it is told otherwise: all values are texts. */
export const FORM = 'application/x-www-form-urlencoded'

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the input of an endpoint: from the path and the query; of local ones also from the body and, for the passphrase,
 * a header, the last of which counts; or all of it from the body. What is not known is not looked at, as FastAPI does it.
 * @throws PastelRefusal 422, which says what is wrong without repeating what was sent
 */
export function inputReader({
  input,
  isLocal,
  inputIn = 'query',
}: PastelOperation): (request: FastifyRequest) => unknown {
  if (input === undefined) return () => undefined
  const readQuery = queryReader(input)
  const lists = Object.entries(input.shape)
    .filter(([, schema]) => (schema as z.ZodType).def.type === 'array')
    .map(([name]) => name)
  return (request) => {
    const { query, params, body, headers } = request
    const inBody = isLocal || inputIn === 'body' ? fieldsOf(body) : {}
    const isForm = (headers['content-type'] ?? '').startsWith(FORM)
    const inHeader = isLocal && PASSPHRASE in input.shape ? headers[PASSPHRASE_HEADER] : undefined
    const fields: Record<string, unknown> = {
      ...(inputIn === 'query' ? readQuery(query as Fields) : {}),
      ...(params as Fields),
      ...(isForm ? readQuery(inBody) : inBody),
      ...(inHeader === undefined ? {} : { [PASSPHRASE]: inHeader }),
    }
    for (const name of lists) if (typeof fields[name] === 'string') fields[name] = listOf(fields[name])
    const result = input.safeParse(fields)
    if (result.success) return result.data
    throw new PastelRefusal(
      422,
      problemsOf(result.error.issues, fields, (name) => {
        if (Object.hasOwn((params ?? {}) as Fields, name)) return 'path'
        return inputIn === 'body' || Object.hasOwn(inBody, name) ? 'body' : 'query'
      }),
    )
  }
}

/** A form's fields, those that are there several times as arrays. */
export function parseForm(text: string): Fields {
  const fields: Record<string, unknown> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  return fields
}

function fieldsOf(body: unknown): Fields {
  if (body === undefined || body === null) return {}
  if (typeof body === 'object' && !Array.isArray(body)) return body as Fields
  throw new PastelRefusal(422, [{ type: 'dict_type', loc: ['body'], msg: 'the body is no JSON object' }])
}

/** One text for a list: a JSON array, or names with commas between them. */
function listOf(text: string): unknown {
  if (text.trimStart().startsWith('[')) {
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
  return text.split(',').map((name) => name.trim())
}

function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  fields: Fields,
  placeOf: (name: PropertyKey) => 'path' | 'body' | 'query',
): InputProblem[] {
  return issues.slice(0, MAX_PROBLEMS).map(({ code, message, path }) => {
    const [name = ''] = path
    const isMissing = code === 'invalid_type' && !(String(name) in fields)
    return {
      type: isMissing ? 'missing' : code,
      loc: [placeOf(name), ...path.map((part) => (typeof part === 'number' ? part : String(part)))],
      msg: isMissing ? 'Field required' : message,
    }
  })
}
