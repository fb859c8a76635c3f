import type { PastelId } from '@pastel-mesh/identity'
import type { CheckedConfig } from '../config/checked-config.ts'
import { dataFolder } from '../data-folder.ts'
import { findKey } from '../open-identity.ts'

/** Which PastelID a start would be; `new`: it would make one; undefined: it would say what is wrong. */
export async function ownPastelId({
  pasteld,
  identity,
  dataDir,
}: CheckedConfig): Promise<PastelId | 'new' | undefined> {
  if (pasteld?.signer !== undefined) return pasteld.signer
  return await findKey(dataFolder(dataDir), identity).then(
    (found) => found ?? 'new',
    () => undefined,
  )
}
