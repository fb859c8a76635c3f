import { MeshError } from '@pastel-mesh/identity'
import { z } from 'zod'
import { formatDuration, parseDuration } from './durations.ts'
import { parseSize } from './sizes.ts'

/** A duration as text, or in ms; in ms when it was read. */
export function duration(maxMs: number) {
  return z
    .union([z.string(), z.number()], { error: 'not a duration such as 500ms, 10s, 10m, 2h, 3d or 1w' })
    .transform(read((value) => (typeof value === 'number' ? value : parseDuration(value))))
    .pipe(
      z
        .int({ error: 'not a whole number of milliseconds' })
        .min(1, { error: 'must be longer than nothing' })
        .max(maxMs, { error: `must not be longer than ${formatDuration(maxMs)}` }),
    )
}

/** A size as text, or in bytes; in bytes when it was read. */
export function size(min: number) {
  return z
    .union([z.string(), z.number()], { error: 'not a size such as 64KiB, 10MB or 1.5GiB' })
    .transform(read((value) => (typeof value === 'number' ? value : parseSize(value))))
    .pipe(z.int({ error: 'not a whole number of bytes' }).min(min, { error: `must not be less than ${min}` }))
}

export function count(min: number, max: number) {
  const error = `not a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** What a function of this folder reads; its error is the reason. */
export function read<Input, Output>(parse: (value: Input) => Output) {
  return (value: Input, context: z.RefinementCtx<Input>): Output => {
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  }
}

export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: 'not a list' }).readonly()
}

export const text = z.string({ error: 'not a text' })
export const yesOrNo = z.boolean({ error: 'neither true nor false (yes/no, on/off, 1/0)' })
