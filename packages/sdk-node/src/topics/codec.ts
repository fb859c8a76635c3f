import { MeshError } from '@pastel-mesh/identity'
import { type ContentType, jsonOf, textOf } from '@pastel-mesh/protocol'
import type { SchemaIssue, StandardSchema } from './standard-schema.ts'

/** What a message carries, before it is encoded. */
export type MessageBody =
  | { readonly text: string }
  | { readonly json: unknown }
  | { readonly bytes: Uint8Array }

/**
 * How the values of a topic become bodies of messages and back.
 *
 * @example
 * const dates: Codec<Date> = {
 *   contentType: 'text',
 *   encode: (date) => ({ text: date.toISOString() }),
 *   decode: (body) => new Date(textOf({ body })),
 * }
 */
export interface Codec<In, Out = In> {
  /** Messages of another content type are not decoded. */
  readonly contentType: ContentType
  /** May throw, which refuses to publish the value. */
  encode(value: In): MessageBody | Promise<MessageBody>
  /** May throw, which makes the message one that cannot be read. A body came from outside: expect anything. */
  decode(body: Uint8Array): Out | Promise<Out>
}

/** Issues of a schema that an error tells. */
const MAX_ISSUES = 5

/** Text, as it is. */
export const text: Codec<string> = {
  contentType: 'text',
  encode: (value) => ({ text: value }),
  decode: (body) => textOf({ body }),
}

/** Bytes, as they are. */
export const bytes: Codec<Uint8Array> = {
  contentType: 'bytes',
  encode: (value) => ({ bytes: value }),
  // Not the Buffer that it may be.
  decode: (body) => new Uint8Array(body.buffer, body.byteOffset, body.length),
}

/**
 * JSON. With a schema (zod, valibot, arktype: whatever follows Standard Schema) it is checked before it is sent
 * and when it is read; what is sent is the value as it was given, what is read is what the schema makes of it.
 * Without one it is not checked, and its type is `unknown`.
 *
 * @example
 * const prices = defineTopic({ name: 'prices', codec: json(z.object({ usd: z.number() })) })
 */
export function json(): Codec<unknown>
export function json<In, Out>(schema: StandardSchema<In, Out>): Codec<In, Out>
export function json(schema?: StandardSchema): Codec<unknown> {
  return {
    contentType: 'json',
    async encode(value) {
      if (schema !== undefined) await validate(schema, value)
      return { json: value }
    },
    decode(body) {
      const value = jsonOf({ body })
      return schema === undefined ? value : validate(schema, value)
    },
  }
}

async function validate<Out>(schema: StandardSchema<unknown, Out>, value: unknown): Promise<Out> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const told = result.issues.slice(0, MAX_ISSUES).map(describe).join('; ')
  throw new MeshError('ERR_TOPIC_VALUE', `the value is not what the topic's schema says: ${told}`)
}

function describe({ message, path = [] }: SchemaIssue): string {
  const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return at === '' ? message : `${at}: ${message}`
}
