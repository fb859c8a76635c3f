import { table } from '@pastel-mesh/node'
import type { ChaosResult } from './run-chaos.ts'

/** The figures of a run as a table. */
export function reportTable(result: ChaosResult): string {
  const counted = (counts: Readonly<Record<string, number | undefined>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  return table([
    ['accepted', String(result.accepted)],
    ['delivered, at all readers', String(result.delivered)],
    ['lost, explained by a fault', `${result.lostExplained}: ${counted(result.explanations)}`],
    ['lost, unexplained', String(result.lostUnexplained)],
    ['doubles', String(result.doubles)],
    ['sent again, as before a restore', String(result.sentAgain)],
    ['disorder', String(result.disorder)],
    ['entries lost or before-history', `${result.notices}, of which came later ${result.noticesHealed}`],
    ['stored, not acknowledged', String(result.unacknowledged)],
    ['refused', counted(result.refused)],
    ['faults', counted(result.faults)],
    ['seconds to quiet', (result.quietAfterMs / 1000).toFixed(1)],
    ['unexplained in all', String(result.problems.length)],
  ])
}
