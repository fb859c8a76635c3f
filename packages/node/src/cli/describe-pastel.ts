import type { NodeStatus } from '../doctor/node-state.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Cell } from './terminal/columns.ts'
import { counted, describeAgo, describeCount } from './terminal/figures.ts'

/** What the status says of the Pastel core; nothing where there is none. */
export function pastelRows(pasteld: NodeStatus['pasteld'] | undefined, dataDir: string): Cell[][] {
  // A node of an older version does not speak of it.
  if (pasteld == null) return []
  const { url, list, onMesh, onlyPasteld, bridge } = pasteld
  const problem = list.problem ?? bridge?.problem
  const all = Object.values(list.byStatus).reduce((sum, count) => sum + count, 0)
  const read = list.readAtMs === null ? 'never read' : `read ${describeAgo(list.readAtMs)}`
  return [
    ['core', url],
    [
      'supernodes',
      `${describeCount(all)}, ${read}; beside this one ${describeCount(onMesh)} on the mesh, ${describeCount(onlyPasteld)} only through their cores`,
    ],
    ...(bridge === null
      ? []
      : [
          [
            'bridge',
            `${counted(bridge.takenIn, 'message')} taken in, ${describeCount(bridge.handedOver)} handed over`,
          ],
        ]),
    ...(problem === undefined
      ? []
      : [
          [
            'problem',
            { text: `${problem.message}: "${pmeshCommand('pasteld status', dataDir)}"`, tone: 'bad' },
          ] satisfies Cell[],
        ]),
  ]
}
