import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { waitUntil } from '@pastel-mesh/testkit'
import { measureMachine } from '../machine.ts'
import type { Outcome } from '../outcome.ts'
import { withNode } from '../start/start-node.ts'
import { median, round } from '../statistics.ts'
import { startPeers } from './peers.ts'
import { processUse } from './process-use.ts'

/** Resident memory of a node that does nothing, with twenty peers. */
const BUDGET_RSS_MB = 200

const NETWORK = 'bench'
const TOPIC = 'bench'

/** What one node at rest takes. */
interface Rest {
  readonly rssMb: number
  readonly cpuPercent: number
}

/**
 * One `pmesh start` at rest, connected to so many peers, which are nodes of their own in this process: its memory, and
 * what of a core it takes. The baseline is the same node with no peers.
 */
export async function idle(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '3' },
      peers: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '30' },
    },
  })
  const runs = Number(values.runs)
  const peerCount = Number(values.peers)
  const restMs = Number(values.seconds) * 1000
  const machine = await measureMachine()
  const alone: Rest[] = []
  const connected: Rest[] = []
  for (let run = 1; run <= runs; run += 1) {
    alone.push(await measure(0, restMs))
    connected.push(await measure(peerCount, restMs))
    process.stdout.write(`run ${run}  ${row('no peers', alone)}  ${row(`${peerCount} peers`, connected)}\n`)
  }
  const rssMb = median(connected.map((rest) => rest.rssMb))
  const summary = {
    bench: 'idle',
    unit: 'MB',
    rss_mb: round(rssMb),
    baseline: round(median(alone.map((rest) => rest.rssMb))),
    cpu_percent: round(median(connected.map((rest) => rest.cpuPercent))),
    baseline_cpu_percent: round(median(alone.map((rest) => rest.cpuPercent))),
    peers: peerCount,
    seconds: restMs / 1000,
    runs,
    load_1m: machine.loadAverage,
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld: rssMb <= BUDGET_RSS_MB }
}

async function measure(peerCount: number, restMs: number): Promise<Rest> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const peers = await startPeers({ count: peerCount, folder, network: NETWORK, topic: TOPIC })
  try {
    const args = ['--many-peers-per-host', ...peers.addresses.flatMap((address) => ['--bootstrap', address])]
    const dataDir = join(folder, 'node')
    return await withNode({ dataDir, network: NETWORK, topic: TOPIC, args }, async (api) => {
      const status = () => api.admin.status.query()
      await waitUntil(async () => (await status()).peers.length === peerCount, { what: 'all peers' })
      const { pid } = await status()
      const before = await processUse(pid)
      await delay(restMs)
      const after = await processUse(pid)
      return { rssMb: after.rssMb, cpuPercent: ((after.cpuMs - before.cpuMs) / restMs) * 100 }
    })
  } finally {
    await peers.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function row(name: string, all: readonly Rest[]): string {
  const { rssMb, cpuPercent } = all.at(-1) as Rest
  return `${name}: ${rssMb.toFixed(1)} MB, ${cpuPercent.toFixed(1)} % of a core`
}
