import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openApiDocument } from '../src/index.ts'
import { responseChecker } from './fixtures/response-checker.ts'
import { type RestAnswer, type RestServer, restServer } from './fixtures/rest-call.ts'
import { anything, damaged, type InputSchema, valid } from './fixtures/schema-arbitrary.ts'

const REQUESTS = process.env.PMESH_TEST_FULL === undefined ? 25 : 250

interface Parameter {
  readonly in: 'path' | 'query'
  readonly name: string
  readonly required?: boolean
  readonly schema: InputSchema
  readonly example?: unknown
}

interface Described {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': { readonly schema: InputSchema; readonly example: object }
    }
  }
}

const document = openApiDocument()
const check = responseChecker(document)
const paths = JSON.parse(JSON.stringify(document.paths)) as Record<string, Record<string, Described>>
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({
    method: method.toUpperCase(),
    path: path.replace('/api/v1', ''),
    described,
  })),
)

/** What an operation takes, as one object. */
function inputOf({ parameters = [], requestBody }: Described): InputSchema {
  if (requestBody !== undefined) return requestBody.content['application/json'].schema
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required === true).map(({ name }) => name),
  }
}

/** The example of the document, about what this server has. */
function exampleOf(
  { path, method, described }: (typeof operations)[number],
  { pastelId, topic, direct }: Readonly<Record<'pastelId' | 'topic' | 'direct', string>>,
): object {
  const body = described.requestBody?.content['application/json'].example
  const parameters = (described.parameters ?? []).filter(({ example }) => example !== undefined)
  const example: Record<string, unknown> = {
    ...body,
    ...Object.fromEntries(parameters.map(({ name, example }) => [name, example])),
  }
  if ('to' in example) example.to = method === 'POST' ? [pastelId] : pastelId
  if ('id' in example)
    example.id = path.endsWith('/delivery') || path.endsWith('/disclosure') ? direct : topic
  if ('waitMs' in example) example.waitMs = 10
  return example
}

async function send(
  server: RestServer,
  operation: (typeof operations)[number],
  input: unknown,
): Promise<RestAnswer> {
  const { method, path, described } = operation
  if (method === 'POST') return server.post(path, input)
  const fields = Object.entries(typeof input === 'object' && input !== null ? input : { input })
  const inPath = new Set(
    (described.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name),
  )
  const written = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  const values = new Map(fields.map(([name, value]) => [name, written(value)]))
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(values.get(name)?.toWellFormed() ?? ''),
  )
  const query = fields
    .filter(([name]) => !inPath.has(name))
    .map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(written(value).toWellFormed())}`,
    )
  return server.get(`${url}?${query.join('&')}`)
}

test('no request is answered with a 5xx, and what is answered is as the document says', async () => {
  const server = await restServer({ callRate: { perSecond: 1e9, burst: 1e9 } })
  const { pastelId } = server.node
  const topics = await server.post('/messages', {
    topic: 'prices',
    messages: [{ text: 'a' }, { json: { usd: 1 } }],
  })
  const direct = await server.post('/messages/send', { to: [pastelId], messages: [{ text: 'hello' }] })
  const { next } = (await server.get('/messages?limit=1')).body
  const known = {
    id: [...topics.body.ids, direct.body.sent[0].id],
    topic: ['prices'],
    sender: [pastelId],
    to: [pastelId, [pastelId]],
    from: [next],
    type: ['text'],
    // Otherwise each of them takes that long.
    waitMs: [1, 10],
  }
  const statuses = new Map<string, Set<number>>()
  for (const operation of operations) {
    const good = valid(inputOf(operation.described), known)
    const seen = new Set<number>()
    statuses.set(`${operation.method} ${operation.path}`, seen)
    const inputs = fc.oneof({ weight: 3, arbitrary: good }, { weight: 2, arbitrary: damaged(good) }, anything)
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const { status, body } = await send(server, operation, withoutWaiting(input))
        seen.add(status)
        expect(status, JSON.stringify(body)).toBeLessThan(500)
        expect(check(operation.method, operation.path, status, body)).toEqual([])
      }),
      {
        numRuns: REQUESTS,
        examples: [
          [exampleOf(operation, { pastelId, topic: topics.body.ids[0], direct: direct.body.sent[0].id })],
        ],
      },
    )
  }
  expect(server.errors).toEqual([])
  for (const [operation, seen] of statuses)
    expect(`${operation}: ${seen.has(200)}`).toBe(`${operation}: true`)
}, 600_000)

/** What waits for a message that never changes takes all of its time. */
function withoutWaiting(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('waitMs' in input)) return input
  const { waitMs } = input
  return typeof waitMs === 'number' && waitMs > 100 && waitMs <= 20_000 ? { ...input, waitMs: 10 } : input
}
