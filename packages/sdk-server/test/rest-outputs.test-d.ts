import type { inferRouterOutputs } from '@trpc/server'
import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { AppRouter } from '../src/index.ts'
import type * as schemas from '../src/rest/schemas.ts'

type Service = inferRouterOutputs<AppRouter>['service']

/** What is left of a value when it was written down as JSON. */
type Json<T> = T extends Date
  ? string
  : T extends string | number | boolean
    ? T
    : T extends readonly (infer Item)[]
      ? Json<Item>[]
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T

type Described<Name extends keyof typeof schemas> = z.output<(typeof schemas)[Name]>

test('what procedures answer is what the document says of it', () => {
  expectTypeOf<Json<Service['ping']>>().toExtend<Described<'ping'>>()
  expectTypeOf<Json<Service['info']>>().toExtend<Described<'info'>>()
  expectTypeOf<Json<Service['topics']['list']>>().toExtend<Described<'topics'>>()
  expectTypeOf<Json<Service['members']['list']>>().toExtend<Described<'memberPage'>>()
  expectTypeOf<Json<Service['messages']['publish']>>().toExtend<Described<'published'>>()
  expectTypeOf<Json<Service['messages']['list']>>().toExtend<Described<'messagePage'>>()
  expectTypeOf<Json<Service['messages']['get']>>().toExtend<Described<'message'>>()
  expectTypeOf<Json<Service['messages']['proof']>>().toExtend<Described<'proof'>>()
  expectTypeOf<Json<Service['messages']['storedBy']>>().toExtend<Described<'storedBy'>>()
  expectTypeOf<Json<Service['messages']['send']>>().toExtend<Described<'sent'>>()
  expectTypeOf<Json<Service['messages']['sent']>>().toExtend<Described<'sentPage'>>()
  expectTypeOf<Json<Service['messages']['delivery']>>().toExtend<Described<'delivery'>>()
  expectTypeOf<Json<Service['messages']['disclose']>>().toExtend<Described<'disclosure'>>()
  expectTypeOf<Json<Service['statistics']['totals']>>().toExtend<Described<'totals'>>()
  expectTypeOf<Json<Service['statistics']['list']>>().toExtend<Described<'countPage'>>()
})
