import { MeshError } from '@pastel-mesh/identity'
import { ROLES, type Role } from './session.ts'
import { readSubject, type Subject } from './subject.ts'
import { loadWallets } from './wallet.ts'

/** Who may log in, by what they may do: PastelIDs, or addresses of wallets (`0x…`). */
export interface RoleLists {
  /** @default [] */
  readonly admins?: readonly string[]
  /** @default [] */
  readonly operators?: readonly string[]
  /** @default [] */
  readonly viewers?: readonly string[]
}

/** The roles that the configuration gives: never does one come from who logs in first. */
export class Roles {
  readonly #roles = new Map<string, Role>()

  /** @throws MeshError ERR_SUBJECT: one of them is neither a PastelID nor the address of a wallet */
  constructor({ admins = [], operators = [], viewers = [] }: RoleLists) {
    // Whoever is in several lists has the role that may most.
    for (const [role, list] of [
      ['viewer', viewers],
      ['operator', operators],
      ['admin', admins],
    ] as const) {
      for (const text of list) this.#roles.set(subjectIn(text).id, role)
    }
  }

  /** Undefined: it may not log in. */
  of({ id }: Pick<Subject, 'id'>): Role | undefined {
    return this.#roles.get(id)
  }
}

function subjectIn(text: string): Subject {
  const subject = readSubject(text)
  if (subject !== undefined) return subject
  throw new MeshError(
    'ERR_SUBJECT',
    `${JSON.stringify(text.slice(0, 100))} cannot be ${ROLES.join(' or ')}: give a PastelID, or the address of a wallet (0x and 40 digits)`,
  )
}

/**
 * Checks the addresses of wallets that have a checksum, in the case of their letters: one that is mistyped would let
 * in somebody else.
 * @throws MeshError ERR_SUBJECT
 */
export async function assertChecksums({
  admins = [],
  operators = [],
  viewers = [],
}: RoleLists): Promise<void> {
  const wallets = [...admins, ...operators, ...viewers].filter((one) => readSubject(one)?.kind === 'wallet')
  const mixed = wallets.filter((one) => /[a-f]/.test(one) && /[A-F]/.test(one))
  if (mixed.length === 0) return
  const { isChecksummed } = await loadWallets()
  const wrong = mixed.find((one) => !isChecksummed(one))
  if (wrong === undefined) return
  throw new MeshError(
    'ERR_SUBJECT',
    `the checksum of the wallet ${wrong} does not match, in the case of its letters: a digit is wrong, or write it in lower case`,
  )
}
