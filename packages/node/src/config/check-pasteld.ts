import { hasCore } from './pastel-defaults.ts'
import type { ReadConfig } from './schema.ts'

/** What of a configuration needs a core, or contradicts it: the path of the key, and why. */
export function pasteldConflicts(config: ReadConfig): readonly (readonly [path: string[], reason: string])[] {
  const { members, pasteld, api, identity } = config
  const found: [string[], string][] = []
  if (!hasCore(config)) {
    const reason = 'needs the Pastel core: say where it is with pasteld.conf'
    if (members === 'pasteld') found.push([['members'], reason])
    if (api.pastel) found.push([['api', 'pastel'], reason])
    if (pasteld.signer !== undefined) found.push([['pasteld', 'signer'], reason])
  }
  if (pasteld.signer !== undefined && identity !== undefined && identity !== pasteld.signer) {
    found.push([['identity'], 'the node is pasteld.signer, which is another PastelID: leave one of the two'])
  }
  return found
}
