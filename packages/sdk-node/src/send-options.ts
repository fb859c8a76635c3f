export interface SendOptions {
  /**
   * A key under which the message is stored once: a later call with the same key stores nothing and is answered as the
   * first was, also while that goes on, after a restart, and after a failure that left open whether it is stored. The key
   * is written in the commit that stores the message, to several recipients one for each. It has to be the same message
   * to the same topic or recipients. Kept until `MeshNode.forgetOnce`, 8,192 at most; 1 to 160 letters, digits and
   * signs.
   * @default every call sends
   */
  readonly once?: string
  /** Ends the wait with the signal's reason; the message may be stored all the same. */
  readonly signal?: AbortSignal
}
