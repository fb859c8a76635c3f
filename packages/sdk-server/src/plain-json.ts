/**
 * Levels of objects and arrays in a JSON body. What goes through bodies recursively (superjson, JSON.stringify)
 * would exhaust the stack at some thousands, which 256 KiB of brackets are enough for.
 */
const MAX_DEPTH = 64
/** More than eight megabytes of JSON have; an object that is in many places counts in each. */
const MAX_VALUES = 5_000_000

/**
 * Whether a value is JSON that can go to a client and come back the same: null, booleans, finite numbers,
 * strings, arrays and plain objects, not too deep; no key `__proto__`, which would become the prototype of the
 * copy.
 */
export function isPlainJson(value: unknown): boolean {
  return isPlain(value, MAX_DEPTH, { left: MAX_VALUES })
}

/** The same, and JSON text says all of it: it has no minus zero, which comes back as zero. */
export function isUnambiguousJson(value: unknown): boolean {
  return isPlain(value, MAX_DEPTH, { left: MAX_VALUES }, (number) => !Object.is(number, -0))
}

function isPlain(
  value: unknown,
  depth: number,
  values: { left: number },
  isGood: (number: number) => boolean = () => true,
): boolean {
  values.left -= 1
  if (values.left < 0) return false
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value) && isGood(value)
  if (typeof value !== 'object' || depth === 0) return false
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth - 1, values, isGood))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.entries(value).every(
    ([key, item]) => key !== '__proto__' && isPlain(item, depth - 1, values, isGood),
  )
}
