/** One value, with its labels. */
export type MeterSample = readonly [labels: Readonly<Record<string, string>>, value: number]

interface Described {
  /** With its unit; of a counter ending in `_total`. */
  readonly name: string
  readonly help: string
}

/** What only grows, or goes up and down. */
export interface CountMeter extends Described {
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly MeterSample[]
}

/** How values are distributed. */
export interface HistogramMeter extends Described {
  readonly type: 'histogram'
  /** How many values were not above each bound, the lowest first; all of them are in `count`. */
  readonly buckets: readonly (readonly [bound: number, count: number])[]
  readonly sum: number
  readonly count: number
}

/** What the transport counts, as it is now. */
export type Meter = CountMeter | HistogramMeter
