import { z } from 'zod'

/** How the text of a value is read, and a value written. */
export type KeyKind = 'text' | 'choice' | 'boolean' | 'duration' | 'size' | 'count'

/** What the schema says of a key beside its type. */
export interface KeyMeta {
  readonly kind: KeyKind
  /** What it means, in one line. */
  readonly about: string
  /** The value, in the help: `<name>`. */
  readonly placeholder: string
  /** Several values. */
  readonly isList?: boolean
  /** The flag, where it is not the path of the key: one value of a list is singular. */
  readonly flag?: string
  /** One letter. */
  readonly short?: string
  /** What holds without a value, where that is not a value of its own. */
  readonly otherwise?: string
  /** Its value is never shown. */
  readonly isSecret?: boolean
  /** A value that is wrong is not shown: it may hold a secret. */
  readonly hidesWrong?: boolean
  /** What is shown of a value that may hold a secret; one that is wrong is not shown at all. */
  readonly shown?: (value: string) => string
}

/** Which parts of the schema are keys. */
export const keyRegistry = z.registry<KeyMeta>()

/** A key of the configuration. */
export interface ConfigKey extends KeyMeta {
  /** `sync.history` */
  readonly path: string
  readonly parts: readonly string[]
  /** `--sync-history` */
  readonly flag: string
  /** `PMESH_SYNC_HISTORY` */
  readonly variable: string
  /** As it is written; undefined: none. */
  readonly fallback: string | boolean | number | readonly string[] | undefined
}

/** Whether a value that is not right may be shown as it is. */
export function isOpenly({ isSecret, shown, hidesWrong }: KeyMeta): boolean {
  return isSecret !== true && shown === undefined && hidesWrong !== true
}

/** The keys of a schema, in its order. */
export function keysOf(schema: z.ZodObject, parents: readonly string[] = []): ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([name, part]) => {
    const parts = [...parents, name]
    const meta = keyRegistry.get(part)
    if (meta !== undefined) return [describe(parts, meta, part)]
    const section = part instanceof z.ZodPrefault ? part.def.innerType : part
    return section instanceof z.ZodObject ? keysOf(section, parts) : []
  })
}

function describe(parts: readonly string[], meta: KeyMeta, schema: z.core.$ZodType): ConfigKey {
  const kebab = parts.join('-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    ...meta,
    path: parts.join('.'),
    parts,
    flag: meta.flag ?? `--${kebab}`,
    variable: `PMESH_${kebab.replaceAll('-', '_').toUpperCase()}`,
    fallback:
      schema instanceof z.ZodPrefault ? (schema.def.defaultValue as ConfigKey['fallback']) : undefined,
  }
}
