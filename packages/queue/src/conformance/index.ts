/**
 * What every driver must do: cases that a test runner runs, each with a storage of its own.
 *
 * @example
 * import { conformanceCases } from '@pastel-mesh/queue/conformance'
 *
 * for (const { name, run } of conformanceCases) {
 *   it(name, () => run({ open: () => levelDriver({ directory }) }))
 * }
 * @packageDocumentation
 */
import { addingCases } from './adding.ts'
import type { ConformanceCase } from './conformance-case.ts'
import { endingCases } from './ending.ts'
import { operatingCases } from './operating.ts'
import { retryingCases } from './retrying.ts'
import { runningCases } from './running.ts'
import { schedulingCases } from './scheduling.ts'

export type { ConformanceCase, DriverUnderTest } from './conformance-case.ts'

export const conformanceCases: readonly ConformanceCase[] = [
  ...addingCases,
  ...runningCases,
  ...retryingCases,
  ...endingCases,
  ...schedulingCases,
  ...operatingCases,
]
