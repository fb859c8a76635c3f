import { randomUUID } from 'node:crypto'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { Challenges } from '../auth/challenges.ts'
import { LoginAttempts } from '../auth/login-attempts.ts'
import { isSignedBy } from './user-message.ts'

/** One for each request, many of which a program makes at once. */
const MAX_OF_ADDRESS = 256

/** What a user shows. */
export interface Proof {
  readonly challenge: string
  readonly challenge_id: string
  readonly challenge_signature: string
}

/** Who has the key of a PastelID: a challenge for each request, good for 300 s and one attempt, in memory. */
export class UserProof {
  readonly #challenges: Challenges
  readonly #attempts = new LoginAttempts()

  /** @param now the time by which challenges expire */
  constructor(now: () => number) {
    this.#challenges = new Challenges(now, { maxOfAddress: MAX_OF_ADDRESS })
  }

  /** @param address from which it is asked for */
  issue(pastelId: PastelId, address: string): { challenge: string; challenge_id: string } {
    // Nothing that means anything anywhere else, for it is signed as it is.
    const { text, nonce } = this.#challenges.issue({ kind: 'pastelid', id: pastelId }, address, () =>
      randomUUID(),
    )
    return { challenge: text, challenge_id: nonce }
  }

  /** @throws MeshError ERR_LOGIN; RateLimitError */
  check(
    pastelId: PastelId,
    { challenge, challenge_id, challenge_signature }: Proof,
    address: string,
  ): Promise<void> {
    return this.#attempts.fromOneOfMany(address, async () => {
      const issued = this.#challenges.take(challenge_id)
      if (issued?.subject.id !== pastelId || issued.text !== challenge)
        throw new MeshError(
          'ERR_LOGIN',
          'the challenge is none that was given to this PastelID, or was used, or is older than 300 s: request another',
        )
      if (!(await isSignedBy(pastelId, issued.text, challenge_signature)))
        throw new MeshError(
          'ERR_LOGIN',
          `Invalid PastelID signature: the challenge was not signed by ${pastelId}; request another`,
        )
    })
  }
}
