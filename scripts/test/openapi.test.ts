import { readFile } from 'node:fs/promises'
import { openApiDocument } from '@pastel-mesh/sdk-server'
import { expect, it } from 'vitest'
import { type Document, incompatibleChanges } from '../incompatible-changes.ts'

const committed = await readFile(new URL('../../docs/reference/openapi.json', import.meta.url), 'utf8')

/** With all that a node may serve. */
const document = openApiDocument(undefined, { withPastel: true })

/** The committed document, changed. */
function changed(change: (document: ReturnType<typeof parsed>) => void): Document {
  const document = parsed()
  change(document)
  return document
}

// biome-ignore lint/suspicious/noExplicitAny: tests reach deep into it
function parsed(): any {
  return JSON.parse(committed)
}

/** A parameter of the list of messages. */
function queryOf(paths: ReturnType<typeof parsed>, wanted: string) {
  return paths['/api/v1/messages'].get.parameters.find(({ name }: { name: string }) => name === wanted)
}

it('nobody who calls the API as docs/reference/openapi.json describes it trips over what it is now', () => {
  expect(incompatibleChanges(parsed(), document as Document)).toEqual([])
})

it('docs/reference/openapi.json is what scripts/make-openapi.ts makes', () => {
  expect(parsed()).toEqual(JSON.parse(JSON.stringify(document)))
})

it.each<[string, Parameters<typeof changed>[0], string]>([
  [
    'an operation that was removed',
    ({ paths }) => void delete paths['/api/v1/messages/sent'],
    'GET /api/v1/messages/sent was removed',
  ],
  [
    'a method that was removed',
    ({ paths }) => void delete paths['/api/v1/messages'].post,
    'POST /api/v1/messages was removed',
  ],
  [
    'an input that is demanded now',
    ({ paths }) =>
      void paths['/api/v1/messages'].post.requestBody.content['application/json'].schema.required.push(
        'signature',
      ),
    'POST /api/v1/messages: body.signature is demanded now',
  ],
  [
    'a new parameter that is demanded',
    ({ paths }) => {
      const key = { in: 'query', name: 'key', required: true, schema: { type: 'string' } }
      paths['/api/v1/info'].get.parameters = [key]
    },
    'GET /api/v1/info: demands the new parameter query key',
  ],
  [
    'a parameter that was removed',
    ({ paths }) => void paths['/api/v1/messages'].get.parameters.shift(),
    'GET /api/v1/messages: its parameter query topic was removed',
  ],
  [
    'a lower limit',
    ({ paths }) => void Object.assign(queryOf(paths, 'limit').schema, { maximum: 10 }),
    'GET /api/v1/messages: query limit: its maximum is lower',
  ],
  [
    'the only values that an input takes',
    ({ paths }) => void Object.assign(queryOf(paths, 'type').schema, { enum: ['order'] }),
    'GET /api/v1/messages: query type: only some values are taken now',
  ],
  [
    'the only value that an input takes',
    ({ paths }) => void Object.assign(queryOf(paths, 'type').schema, { const: 'order' }),
    'GET /api/v1/messages: query type: only some values are taken now',
  ],
  [
    'a pattern that an input must have',
    ({ paths }) => void Object.assign(queryOf(paths, 'topic').schema, { pattern: '^a' }),
    'GET /api/v1/messages: query topic: its pattern is new',
  ],
  [
    'another pattern that an input must have',
    ({ paths }) => void Object.assign(queryOf(paths, 'since').schema.anyOf[1], { pattern: '^a' }),
    'GET /api/v1/messages: query since|1: its pattern is another one',
  ],
  [
    'a format that an input must have',
    ({ paths }) => void Object.assign(queryOf(paths, 'topic').schema, { format: 'uri' }),
    'GET /api/v1/messages: query topic: its format is new',
  ],
  [
    'answers that may be any value',
    ({ components }) => void delete components.schemas.Notice.properties.kind.enum,
    'GET /api/v1/messages: 200.notices[].kind: any value may come now',
  ],
  [
    'an answer that is one value more',
    ({ components }) => void components.schemas.Notice.properties.kind.enum.push('other'),
    'GET /api/v1/messages: 200.notices[].kind: other comes now',
  ],
  [
    'an answer without its format',
    ({ components }) => void delete components.schemas.Pong.properties.time.format,
    'GET /api/v1/ping: 200.time: its format is gone',
  ],
  [
    'a field of an answer that was removed',
    ({ components }) => void delete components.schemas.Message.properties.cursor,
    'GET /api/v1/messages: 200.messages[].cursor was removed',
  ],
  [
    'a field of an answer that may be absent now',
    ({ components }) => void components.schemas.Message.required.shift(),
    'GET /api/v1/messages: 200.messages[].id may be absent now',
  ],
  [
    'a field of another type',
    ({ components }) => void Object.assign(components.schemas.Message.properties.arrival, { type: 'string' }),
    'GET /api/v1/messages: 200.messages[].arrival: its type was integer and is string',
  ],
])('callers trip over %s', (_, change, problem) => {
  expect(incompatibleChanges(parsed(), changed(change))).toContain(problem)
})

it('what is added and not demanded is compatible', () => {
  const after = changed(({ paths, components }) => {
    paths['/api/v1/more'] = { get: { responses: {} } }
    paths['/api/v1/messages'].get.parameters.push({ in: 'query', name: 'more', schema: { type: 'string' } })
    components.schemas.Message.properties.more = { type: 'string' }
    components.schemas.Message.required.push('more')
    delete queryOf(paths, 'since').schema.anyOf[1].pattern
    delete paths['/api/v1/statistics/counts'].get.parameters[0].schema.enum
    Object.assign(components.schemas.Message.properties.type, { enum: ['order'], pattern: '^o' })
    paths['/api/v1/messages'].post.requestBody.content['application/json'].schema.properties.more = {
      type: 'string',
    }
  })
  expect(incompatibleChanges(parsed(), after)).toEqual([])
})
