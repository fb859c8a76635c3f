/** What a benchmark found. */
export interface Outcome {
  /** The figures, as the last line of the output gives them. */
  readonly summary: Readonly<Record<string, string | number | boolean>>
  /** Whether the figures are within the budget. */
  readonly isHeld: boolean
}
