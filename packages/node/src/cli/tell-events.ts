import type { MeshNode, Refusal } from '@pastel-mesh/sdk-node'
import { describeAlert } from './describe-alert.ts'
import { describeDisk } from './describe-disk.ts'
import { describePruned } from './describe-pruned.ts'
import { LostTally } from './lost-tally.ts'
import { printable } from './output.ts'
import { Seldom } from './seldom.ts'

/** One line of what happens: a word, and what it is about. */
export function eventLine(name: string, what: string): string {
  return `${name.padEnd(12)}  ${printable(what)}`
}

/** Tells of what happens at a node, a line each; what repeats itself, seldom. */
export function tellEvents(node: MeshNode, print: (line: string) => void): void {
  const say = (name: string, what: string) => print(eventLine(name, what))
  const seldom = new Seldom()
  const lost = new LostTally({}, { say: (kind, what) => say(kind === 'lost' ? 'lost' : 'too old', what) })
  node.addEventListener('connected', ({ detail }) =>
    say('connected', `${detail.pastelId}  ${detail.address}`),
  )
  node.addEventListener('disconnected', ({ detail }) => say('disconnected', detail.pastelId))
  node.addEventListener('refused', ({ detail }) => {
    const { peerId, by, reason } = detail
    if (seldom.isDue(`refused ${peerId} ${by} ${reason}`)) say('refused', describeRefusal(detail))
  })
  node.addEventListener('runsTwice', ({ detail: { pastelId, address } }) => {
    if (seldom.isDue(`twice ${pastelId}`)) say('runs twice', describeTwice(pastelId, address))
  })
  node.addEventListener('unreachable', ({ detail: { address, reason } }) =>
    say('unreachable', `${address}: ${reason}; the node goes on trying`),
  )
  node.addEventListener('relayFull', ({ detail: { topic } }) =>
    say('relay full', `${topic}, and whatever else is announced now: it carries 256 topics at most`),
  )
  node.addEventListener('disk', ({ detail }) => say('disk', describeDisk(detail)))
  node.addEventListener('alert', ({ detail }) => {
    if (seldom.isDue(`alert ${detail.kind} ${detail.sender}`)) say('alert', describeAlert(detail))
  })
  node.addEventListener('lost', ({ detail }) => lost.add(detail))
  node.addEventListener('pruned', ({ detail }) => say('pruned', describePruned(detail)))
  node.addEventListener('stop', () => lost.flush())
}

function describeRefusal({ address, pastelId, reason, by }: Refusal): string {
  const line = `${pastelId ?? address}: ${reason} (by ${by === 'us' ? 'this node' : 'the other'})`
  if (reason !== 'superseded') return line
  const advice =
    by === 'us'
      ? 'another node with this PastelID started later, and only that one is let in'
      : "another node with this node's PastelID started later: what is published here reaches nobody until this node is started again; stop one of the two"
  return `${line}: ${advice}`
}

function describeTwice(pastelId: string, address: string): string {
  return `${pastelId}: two nodes take turns with one node key, now the one at ${address}: a copy of its folder runs, or its clock was set back; nothing is lost, it takes longer; tell its operator`
}
