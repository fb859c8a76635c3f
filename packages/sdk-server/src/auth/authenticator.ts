import type { Session } from './session.ts'

/** Who a request is from, by what it shows. */
export interface Authenticator {
  /**
   * @param authorization the header of that name; over WebSockets what the client gave when it connected
   * @returns undefined if it shows nothing
   * @throws MeshError ERR_TOKEN: what it shows is not, or no longer, good
   */
  authenticate(authorization: string | undefined): Promise<Session | undefined>
}
