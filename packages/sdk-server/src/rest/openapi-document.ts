import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi'
import { PASTEL_OPERATIONS, type PastelOperation } from '../pastel/pastel-operations.ts'
import { PASTEL_ABOUT, PASTEL_TAG, pastelPaths } from '../pastel/pastel-paths.ts'
import { appRouter } from '../router.ts'
import { API_PATH } from './api-path.ts'
import { type Operation, operationsOf, pathNames } from './operations.ts'
import { restError } from './rest-error.ts'
import { TAGS } from './rest-operation.ts'

/** Of the API, not of the node: what is added leaves it, and nothing else happens to it. */
const API_VERSION = '1'

export type OpenApiDocument = ReturnType<typeof createDocument>

const DESCRIPTION = `What a node of Pastel Mesh does for applications, over plain HTTP.

Log in with a service key, or with the access token of a session: \`authorization: Bearer …\`. Bodies are JSON, as are answers. Times are numbers of ms since 1970 where the name ends in \`Ms\`, and ISO 8601 otherwise. Whatever is refused or fails is answered with an \`Error\`. Answers may get further fields: ignore those that you do not know.`

const ERRORS: Readonly<Record<string, { description: string; example: z.output<typeof restError> }>> = {
  BadInput: {
    description: 'The input is wrong.',
    example: {
      code: 'BAD_REQUEST',
      message: 'the input is wrong: limit: Too big: expected number to be <=1000',
    },
  },
  NotLoggedIn: {
    description: 'No login, or one that is not good any more.',
    example: {
      code: 'UNAUTHORIZED',
      message: 'log in to call service.messages.list',
      meshCode: 'ERR_NOT_LOGGED_IN',
    },
  },
  Forbidden: {
    description: 'The session, or the service key, may not.',
    example: {
      code: 'FORBIDDEN',
      message:
        'service.messages.publish takes the role operator, or the scope send; this session is a service key for read',
      meshCode: 'ERR_FORBIDDEN',
    },
  },
  NotFound: {
    description: 'There is no such message.',
    example: {
      code: 'NOT_FOUND',
      message: 'no message bmyfk6u7ytuq4m2ypwrmp3argy-17 is stored here: it never came, or was removed',
      meshCode: 'ERR_NOT_STORED',
    },
  },
  Failed: {
    description:
      'Anything else, such as 413 (too large), 429 (too much: later it may work) and 503 (not now).',
    example: {
      code: 'SERVICE_UNAVAILABLE',
      message: 'this node stops',
      meshCode: 'ERR_STOPPED',
    },
  },
}

export interface OpenApiOptions {
  /** Pastel's own endpoints as well, which a node may serve. @default false */
  readonly withPastel?: boolean
}

/** The OpenAPI document of all operations. */
export function openApiDocument(
  operations: readonly Operation[] = operationsOf(appRouter),
  { withPastel = false }: OpenApiOptions = {},
): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {}
  for (const operation of operations) {
    const path = `${API_PATH}${operation.path}`
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) }
  }
  if (withPastel) Object.assign(paths, pastelPaths())
  const tags = Object.entries({ ...TAGS, ...(withPastel ? { [PASTEL_TAG]: PASTEL_ABOUT } : {}) })
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Pastel Mesh',
        version: API_VERSION,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: tags.map(([name, description]) => ({ name, description })),
      paths,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A service key, or the access token of a session.',
          },
        },
        responses: Object.fromEntries(
          Object.entries(ERRORS).map(([name, error]) => [name, errorResponse(error)]),
        ),
      },
    },
    {
      // Answers may get further fields.
      override: ({ jsonSchema, io }) => {
        if (io === 'output' && jsonSchema.additionalProperties === false)
          delete jsonSchema.additionalProperties
      },
    },
  )
  const examples = [
    ...operations.map(({ path, ...rest }) => ({ ...rest, path: `${API_PATH}${path}` })),
    ...(withPastel ? Object.values<PastelOperation>(PASTEL_OPERATIONS) : []),
  ]
  for (const { path, method, example } of examples) {
    const described = document.paths?.[path]?.[method === 'GET' ? 'get' : 'post']
    for (const parameter of described?.parameters ?? []) {
      const value = 'name' in parameter ? example.input?.[parameter.name] : undefined
      if (value !== undefined) Object.assign(parameter, { example: value })
    }
  }
  return document
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { procedure, tag, summary, description, access, output, example } = operation
  const isOpen = access.role === 'anyone'
  return {
    operationId: procedure.replace(/^service\./, ''),
    tags: [tag],
    summary,
    description: isOpen ? description : `${description}\n\n${demandOf(operation)}`,
    security: isOpen ? [] : [{ bearer: [] }],
    ...inputOf(operation),
    responses: {
      200: {
        description: 'It was done.',
        content: { 'application/json': { schema: output, example: example.output } },
      },
      ...(operation.input === undefined ? {} : { 400: reference('BadInput') }),
      ...(isOpen ? {} : { 401: reference('NotLoggedIn'), 403: reference('Forbidden') }),
      ...(pathNames(operation.path).length === 0 ? {} : { 404: reference('NotFound') }),
      default: reference('Failed'),
    },
  }
}

function demandOf({ access: { role, scope } }: Operation): string {
  const demand = `Takes the role ${role} or a higher one`
  return scope === undefined ? `${demand}.` : `${demand}, or a service key with the scope \`${scope}\`.`
}

function inputOf({
  input,
  method,
  path,
  example,
}: Operation): Pick<ZodOpenApiOperationObject, 'requestBody' | 'requestParams'> {
  if (input === undefined) return {}
  if (method === 'POST') {
    const content = { 'application/json': { schema: input, example: example.input } }
    return { requestBody: { required: true, content } }
  }
  const inPath = new Set(pathNames(path))
  const part = (isInPath: boolean) =>
    z.object(
      Object.fromEntries(Object.entries(input.shape).filter(([name]) => inPath.has(name) === isInPath)),
    )
  return { requestParams: { ...(inPath.size === 0 ? {} : { path: part(true) }), query: part(false) } }
}

function errorResponse({ description, example }: (typeof ERRORS)[string]): ZodOpenApiResponseObject {
  return { description, content: { 'application/json': { schema: restError, example } } }
}

function reference(name: string): { $ref: string } {
  return { $ref: `#/components/responses/${name}` }
}
