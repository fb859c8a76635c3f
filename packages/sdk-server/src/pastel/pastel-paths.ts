import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { pathNames } from '../rest/operations.ts'
import { PASTEL_OPERATIONS, type PastelOperation } from './pastel-operations.ts'
import { pastelError } from './pastel-outputs.ts'

export const PASTEL_TAG = 'Pastel'
export const PASTEL_ABOUT =
  "Pastel's own endpoints, for clients of its Python layer: off unless `api.pastel` says otherwise. Errors are `{detail}`, as FastAPI has them."

const ONLY_LOCAL =
  'For programs on the machine of the node alone, which need no session: not through a proxy, not for pages in browsers (401).'

/** The endpoints, for the OpenAPI document. */
export function pastelPaths(): ZodOpenApiPathsObject {
  const operations = Object.entries<PastelOperation>(PASTEL_OPERATIONS)
  return Object.fromEntries(
    operations.map(([name, operation]) => [
      operation.path,
      { [operation.method.toLowerCase()]: describe(name, operation) },
    ]),
  )
}

function describe(name: string, operation: PastelOperation): ZodOpenApiOperationObject {
  const { summary, description, isLocal, input, output, type = 'application/json', example } = operation
  const refused = (what: string) => ({
    description: what,
    content: { 'application/json': { schema: pastelError, example: { detail: what } } },
  })
  return {
    operationId: `pastel.${name}`,
    tags: [PASTEL_TAG],
    summary,
    description: isLocal ? `${description}\n\n${ONLY_LOCAL}` : description,
    security: [],
    ...inputOf(operation),
    responses: {
      200: { description: 'It was done.', content: { [type]: { schema: output, example: example.output } } },
      ...(isLocal || (input !== undefined && 'challenge' in input.shape)
        ? { 401: refused('Who calls may not, or what it shows is not good.') }
        : {}),
      ...(input === undefined ? {} : { 422: refused('The input is wrong.') }),
      default: refused('Anything else, such as 404 (unknown), 429 (too much) and 503 (not now).'),
    },
  }
}

/** Examples beside each parameter are added by who makes the document. */
function inputOf({
  input,
  inputIn = 'query',
  path,
  example,
}: PastelOperation): Pick<ZodOpenApiOperationObject, 'requestBody' | 'requestParams'> {
  if (input === undefined) return {}
  if (inputIn === 'body') {
    const content = { 'application/json': { schema: input, example: example.input } }
    return { requestBody: { required: true, content } }
  }
  const inPath = new Set(pathNames(path))
  const part = (isInPath: boolean) => {
    const fields = Object.entries(input.shape).filter(([name]) => inPath.has(name) === isInPath)
    return z.object(Object.fromEntries(fields))
  }
  return { requestParams: { ...(inPath.size === 0 ? {} : { path: part(true) }), query: part(false) } }
}
