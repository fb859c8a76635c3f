import { BlockList, isIP, isIPv6 } from 'node:net'
import { describeRefusal, ownNode } from '../cli/describe-refusal.ts'
import { describeTook } from '../cli/terminal/figures.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import { inOneLine, WITHOUT_ROUTE } from './each-family.ts'
import { type Greeted, type GreetedAt, greet, partsOf } from './greet.ts'
import { multiaddrPlace } from './listen-places.ts'
import type { NodeStatus } from './node-state.ts'

/** Beyond an ocean it takes a third of a second; who needs ten times as long is of no use. */
const GREET_MS = 4_000
/** Of a configuration with very many. */
const MAX_ADDRESSES = 32

/** Addresses that mean another machine elsewhere, or none. */
const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, prefix)
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')
const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether others can reach this node, and this node those that it begins with. */
export const addressesCheck: Check = {
  name: 'address',
  timeoutMs: 8_000,
  async run(context, signal) {
    const { config } = context
    if (config === undefined) return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    const announced = announcedBy(context)
    const bootstrap = config.bootstrap.slice(0, MAX_ADDRESSES)
    const findings = await Promise.all([
      ...announced.slice(0, MAX_ADDRESSES).map((address) => announcedFinding(address, context, signal)),
      ...bootstrap.map((address) => bootstrapFinding(address, context, signal)),
    ])
    return [...reach(announced), ...findings, ...alone(context)]
  },
}

/** What others are told. */
function announcedBy({ config, node }: CheckContext): readonly string[] {
  if (config === undefined) return []
  if (config.announce.length > 0) return config.announce
  if (node.kind === 'running') return node.status.addresses
  return config.listen
}

/** Whether any of what others are told is good for them. */
function reach(announced: readonly string[]): Finding[] {
  const hosts = announced.map((address) => multiaddrPlace(address).host)
  if (hosts.some((host) => isEverywhere(host) || kindOf(host) === 'public')) return []
  const measured = { announced }
  const how =
    'listen on *:7124 and set announce to the address that others reach, such as /dns4/node.example/tcp/7124'
  if (hosts.some((host) => kindOf(host) === 'private')) {
    return [
      {
        state: 'warning',
        message: 'only private addresses are announced: nodes elsewhere cannot dial this one',
        advice: `if there are any: ${how}, and forward that port`,
        measured,
      },
    ]
  }
  return [
    {
      state: 'warning',
      message: 'it listens on this machine alone: no other can dial it',
      advice: `if others are to: ${how}`,
      measured,
    },
  ]
}

/** What can be judged. */
type Judged = Exclude<GreetedAt, { kind: 'no-route' }>
type KnownAddress = NodeStatus['bootstrap'][number]

async function announcedFinding(
  address: string,
  { node }: CheckContext,
  signal: AbortSignal,
): Promise<Finding> {
  const subject = address
  const { host, port } = multiaddrPlace(address)
  if (isEverywhere(host) || port === 0) {
    return { state: 'ok', subject, message: 'the node announces what its machine has when it runs' }
  }
  const greeted = await greet(address, GREET_MS, signal)
  return atEach(address, greeted, (one) => announcedAt(address, one, node))
}

/** What is found at each address of a name, in one line. */
function atEach(
  address: string,
  greeted: readonly GreetedAt[],
  judge: (greeted: Judged) => Finding,
): Finding {
  const found = greeted.map((one) => ({
    ip: one.ip,
    finding: one.kind === 'no-route' ? { ...WITHOUT_ROUTE, subject: address } : judge(one),
  }))
  return inOneLine(multiaddrPlace(address).host, found)
}

function announcedAt(address: string, greeted: Judged, node: CheckContext['node']): Finding {
  const subject = address
  const measured = { ...greeted }
  if (greeted.kind === 'node') {
    return {
      state: 'ok',
      subject,
      message: `announced, answers from here after ${describeTook(greeted.tookMs)}`,
      measured,
    }
  }
  if (greeted.kind === 'unreached' && greeted.at === 'name') return unnamed(subject, 'announced', greeted)
  if (node.kind !== 'running') {
    return {
      state: 'not-checked',
      subject,
      message: 'announced; whether it is reached shows when the node runs',
      measured,
    }
  }
  if (greeted.kind === 'other') {
    return {
      state: 'failed',
      subject,
      message: `announced, and others do not get to the node: ${greeted.reason}`,
      advice: partsOf(address).isWeb
        ? 'have the proxy hand on WebSockets to the address in listen that ends in /ws'
        : 'the port has to lead to the address in listen; /ws at the end of announce is for one that does',
      measured,
    }
  }
  return {
    state: 'warning',
    subject,
    message: `announced, and not reached from here (${greeted.at}): ${greeted.reason}`,
    advice:
      'open the port in the firewall and forward it to this machine; where routers let nobody in from inside, try from another machine',
    measured,
  }
}

async function bootstrapFinding(
  address: string,
  context: CheckContext,
  signal: AbortSignal,
): Promise<Finding> {
  const subject = address
  const { node, dataDir } = context
  const known =
    node.kind === 'running' ? node.status.bootstrap.find((one) => one.address === address) : undefined
  if (node.kind === 'running' && known?.state === 'connected') {
    return { state: 'ok', subject, message: 'bootstrap, connected', measured: { state: known.state } }
  }
  const greeted = await greet(address, GREET_MS, signal)
  return atEach(address, greeted, (one) => bootstrapAt(address, one, { node, dataDir, known }))
}

function bootstrapAt(
  address: string,
  greeted: Judged,
  {
    node,
    dataDir,
    known,
  }: Pick<CheckContext, 'node' | 'dataDir'> & { readonly known: KnownAddress | undefined },
): Finding {
  const subject = address
  const measured = { ...greeted, state: known?.state }
  if (greeted.kind === 'unreached' && greeted.at === 'name') return unnamed(subject, 'bootstrap', greeted)
  if (greeted.kind === 'node' && node.kind === 'running' && known?.refusal !== undefined) {
    const own = ownNode(dataDir, node.status)
    return {
      state: 'warning',
      subject,
      message: `bootstrap, answers, and there is no connection: ${describeRefusal(known.refusal, own)}`,
      advice: 'see "pmesh status" for what each of the two refused',
      measured,
    }
  }
  if (greeted.kind === 'node') {
    return {
      state: 'ok',
      subject,
      message: `bootstrap, answers after ${describeTook(greeted.tookMs)}`,
      measured,
    }
  }
  const why = greeted.kind === 'unreached' ? `not reached (${greeted.at}): ${greeted.reason}` : greeted.reason
  return {
    state: 'warning',
    subject,
    message: `bootstrap, ${why}`,
    advice:
      'ask its operator, or set another in bootstrap; nodes that are known already are dialled without it',
    measured,
  }
}

function unnamed(subject: string, what: string, greeted: Greeted & { kind: 'unreached' }): Finding {
  return {
    state: 'failed',
    subject,
    message: `${what}, its name has no address: ${greeted.reason}`,
    advice: `set it right in ${what === 'announced' ? 'announce' : 'bootstrap'}, or see to name resolution: "getent hosts ${multiaddrPlace(subject).host}"`,
    measured: { ...greeted },
  }
}

/** A node that is to have peers, and has none. */
function alone({ node, config }: CheckContext): Finding[] {
  if (node.kind !== 'running' || config === undefined) return []
  const peers = node.status.peers.length
  if (peers > 0)
    return [
      { state: 'ok', message: `${peers} ${peers === 1 ? 'peer' : 'peers'} connected`, measured: { peers } },
    ]
  if (config.bootstrap.length === 0) {
    return [
      {
        state: 'ok',
        message: 'no peers, and no bootstrap address: others have to dial it',
        measured: { peers },
      },
    ]
  }
  return [
    {
      state: 'failed',
      message: 'not connected to any peer: what is sent reaches nobody',
      advice: 'see the addresses above, and "pmesh status" for connections that were refused',
      measured: { peers },
    },
  ]
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function kindOf(host: string): 'public' | 'private' | 'loopback' {
  if (host === 'localhost') return 'loopback'
  // What a name stands for differs from where it is asked.
  if (isIP(host) === 0) return 'public'
  const family = isIPv6(host) ? 'ipv6' : 'ipv4'
  if (LOOPBACK.check(host, family)) return 'loopback'
  return PRIVATE.check(host, family) ? 'private' : 'public'
}
