import type { RestOperation } from '../rest-operation.ts'
import { info, memberPage, ping, topics } from '../schemas.ts'
import { PASTEL_ID } from './examples.ts'

export const pingNode: RestOperation = {
  method: 'GET',
  path: '/ping',
  tag: 'Node',
  summary: 'Whether the server answers',
  description: 'And what time it has. Needs no login.',
  output: ping,
  example: { output: { time: '2026-01-31T12:00:00.000Z' } },
}

export const nodeInfo: RestOperation = {
  method: 'GET',
  path: '/info',
  tag: 'Node',
  summary: 'Which node it is',
  description: 'Its version, network, PastelID and PeerId, and what a call of this API may have.',
  output: info,
  example: {
    output: {
      version: '0.1.0',
      network: 'mainnet',
      pastelId: PASTEL_ID,
      peerId: '12D3KooWGRUvh3wsC5CVyNHKTqvPRVmVdMxcwiRDr3SmHnSkyFyj',
      limits: {
        batchCalls: 20,
        bodyBytes: 8_388_608,
        callMessages: 1_000,
        pageMessages: 1_000,
        pageBytes: 4_194_304,
      },
    },
  },
}

export const listTopics: RestOperation = {
  method: 'GET',
  path: '/topics',
  tag: 'Node',
  summary: 'Topics that the node has joined',
  description: 'Each with the connected members that subscribe to it, and what was ever taken in for it.',
  output: topics,
  example: {
    output: {
      topics: [{ topic: 'prices', peers: [PASTEL_ID], taken: { messages: 18, batches: 4, bytes: 2_304 } }],
    },
  },
}

export const listMembers: RestOperation = {
  method: 'GET',
  path: '/members',
  tag: 'Node',
  summary: 'A page of the members',
  description:
    'Who may take part, and whether they are connected to this node. Where everybody is a member, `isOpen` says so, and none is listed.',
  output: memberPage,
  example: {
    input: { offset: 0, limit: 100 },
    output: {
      isOpen: false,
      size: 1,
      members: [{ pastelId: PASTEL_ID, role: 'member', isConnected: true }],
    },
  },
}
