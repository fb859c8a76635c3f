import type { NodeStatus } from '../doctor/node-state.ts'
import { CANNOT_SIGN, otherPastelId } from '../pasteld/core-problems.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Cell } from './terminal/columns.ts'
import { counted, describeAgo, describeCount } from './terminal/figures.ts'

/** What the status says of the Pastel core; nothing where there is none. */
export function pastelRows(
  { pasteld, pastelId }: Pick<NodeStatus, 'pasteld' | 'pastelId'>,
  dataDir: string,
): Cell[][] {
  // A node of an older version does not speak of it.
  if (pasteld == null) return []
  const { url, list, local, signer, onMesh, onlyPasteld, bridge } = pasteld
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
    ...(local === null || local.pastelId === pastelId
      ? []
      : [
          ['PastelID', { text: otherPastelId(pastelId, local.pastelId ?? ''), tone: 'bad' }] satisfies Cell[],
        ]),
    ...(signer === 'core' && list.problem !== null
      ? [
          [
            'key',
            { text: `in the core: while that does not answer, it ${CANNOT_SIGN}`, tone: 'bad' },
          ] satisfies Cell[],
        ]
      : []),
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
