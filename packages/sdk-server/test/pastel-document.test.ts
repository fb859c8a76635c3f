import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../src/index.ts'
import { PASTEL_OPERATIONS, type PastelOperation } from '../src/pastel/pastel-operations.ts'
import { call, pastelServer } from './fixtures/pastel-server.ts'
import { schemaChecker } from './fixtures/response-checker.ts'

const operations = Object.entries<PastelOperation>(PASTEL_OPERATIONS)
const document = JSON.parse(JSON.stringify(openApiDocument(undefined, { withPastel: true })))

it('with the endpoints it is OpenAPI 3.1, as a validator has it, and says of each how it is called', async () => {
  expect(await new Validator().validate(document)).toEqual({ valid: true })
  for (const [name, { method, path, isLocal, input }] of operations) {
    const described = document.paths[path][method.toLowerCase()]
    expect(described).toMatchObject({ operationId: `pastel.${name}`, security: [], tags: ['Pastel'] })
    expect(Object.hasOwn(described.responses, '401')).toBe(isLocal || path.includes('user_message'))
    expect(Object.hasOwn(described.responses, '422')).toBe(input !== undefined)
    for (const parameter of described.parameters ?? [])
      expect(parameter.example ?? parameter.schema.default, `${path} ${parameter.name}`).toBeDefined()
  }
})

it('a node serves the document with them where they are on, and without where they are not', async () => {
  const { url } = await pastelServer()
  expect((await call(url, '/api/v1/openapi.json')).body).toEqual(document)
  expect(Object.keys(openApiDocument().paths ?? {})).not.toContain('/send_message')
})

describe.each(operations)('%s', (_, { input, output, method, path, example, type = 'application/json' }) => {
  it('has an example that its input takes, and an answer that its description has', () => {
    if (input !== undefined) expect(input.safeParse(example.input).error).toBeUndefined()
    expect(output.safeParse(example.output).error).toBeUndefined()
    const place = ['paths', path, method.toLowerCase(), 'responses', '200', 'content', type, 'schema']
    expect(schemaChecker(openApiDocument(undefined, { withPastel: true }))(place, example.output)).toEqual([])
  })
})

it('what is answered is what the document says', async () => {
  const { url, node, supernodes } = await pastelServer()
  const check = schemaChecker(openApiDocument(undefined, { withPastel: true }))
  const [own] = supernodes
  await node.send(node.pastelId, { text: 'hello' })
  for (const [path, query] of [
    ['/liveness_ping', {}],
    ['/supernode_list_json', {}],
    ['/get_local_machine_sn_info', {}],
    ['/get_sn_data_from_pastelid', { pastelid: node.pastelId }],
    ['/get_sn_data_from_sn_pubkey', { pubkey: own?.publicKey ?? '' }],
    ['/get_messages', {}],
    ['/get_messages', { last_k_minutes: 'x' }],
    ['/get_sn_data_from_pastelid', {}],
  ] as const) {
    const { status, body } = await call(url, path, { query })
    const place = ['paths', path, 'get', 'responses', String(status), 'content', 'application/json', 'schema']
    expect(check(place, body), path).toEqual([])
  }
})
