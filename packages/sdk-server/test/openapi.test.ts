import { Validator } from '@seriousme/openapi-schema-validator'
import type { AnyProcedure } from '@trpc/server'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../src/index.ts'
import { operationsOf } from '../src/rest/operations.ts'
import { appRouter } from '../src/router.ts'
import { responseChecker } from './fixtures/response-checker.ts'

const operations = operationsOf(appRouter)

it('the document is OpenAPI 3.1, as a validator has it', async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument()))
  expect(await new Validator().validate(document)).toEqual({ valid: true })
  expect(document.openapi).toMatch(/^3\.1\./)
})

it('every procedure for applications that does not stream can be called over plain HTTP', () => {
  const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>)
  const expected = procedures.filter(
    ([path, { _def }]) => path.startsWith('service.') && _def.type !== 'subscription',
  )
  expect(operations.map(({ procedure }) => procedure).sort()).toEqual(expected.map(([path]) => path).sort())
})

it('every operation has a path and an id of its own', () => {
  const places = operations.map(({ method, path }) => `${method} ${path}`)
  expect(new Set(places).size).toBe(places.length)
  const described = Object.values(openApiDocument().paths ?? {}).flatMap((path) => Object.values(path ?? {}))
  const ids = described.map((operation) => (operation as { operationId?: string }).operationId)
  expect(ids).not.toContain(undefined)
  expect(ids).toHaveLength(operations.length)
  expect(new Set(ids).size).toBe(ids.length)
  expect(operations.every(({ method, type }) => (method === 'GET') === (type === 'query'))).toBe(true)
})

describe.each(operations.map((operation) => [operation.procedure, operation] as const))(
  '%s',
  (_, operation) => {
    it('has an example that its input takes, and an answer that its description has', () => {
      const { input, example, method, path } = operation
      if (input !== undefined) expect(input.safeParse(example.input).error).toBeUndefined()
      expect(responseChecker(openApiDocument())(method, path, 200, example.output)).toEqual([])
    })
  },
)
