import { MeshError } from '@pastel-mesh/identity'

const NAME = /^[a-z][A-Za-z0-9]{0,31}$/
/** Names that tRPC does not take for a router, for they mean something to a promise or a function. */
const RESERVED: readonly string[] = ['then', 'call', 'apply']

/** @throws MeshError ERR_PLUGIN: it is none; says which may be meant */
export function assertPluginName(name: string): void {
  if (isName(name)) return
  const text = String(name)
  const meant = camelCase(text)
  throw new MeshError(
    'ERR_PLUGIN',
    `"${text.slice(0, 80)}" is no name of a plugin: give a lower-case letter, then letters and digits, 32 at most, and not ${RESERVED.join(', ')}${isName(meant) ? `; did you mean ${meant}?` : ''}`,
  )
}

function isName(text: string): boolean {
  return NAME.test(text) && !RESERVED.includes(text)
}

/** `priceFeed` of `price-feed`. */
function camelCase(text: string): string {
  const joined = text.replace(/[^A-Za-z0-9]+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return joined.charAt(0).toLowerCase() + joined.slice(1)
}

/** `price_feed` of `priceFeed`, and with another sign than `_`. */
export function wordsOf(name: string, sign = '_'): string {
  return name.replace(/[A-Z]/g, (letter) => `${sign}${letter.toLowerCase()}`)
}
