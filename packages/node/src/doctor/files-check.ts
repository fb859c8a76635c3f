import { readdir, readFile } from 'node:fs/promises'
import { describeCount } from '../cli/terminal/figures.ts'
import type { Check, Finding } from './check.ts'
import { ELSEWHERE, runsElsewhere } from './node-process.ts'

/** Of Node itself, logs, keys and the current directory: some 40 at rest. */
const OWN_FILES = 64
/** Peers, and a database that has just been made: with less a node does not get through a day. */
const LEAST_FILES = 512
/** Nearer than that to the limit, a burst of connections reaches it. */
const NEAR_SHARE = 0.8

/** How many files a process may have open: connections and the files of the database alike. */
export const filesCheck: Check = {
  name: 'open files',
  timeoutMs: 10_000,
  async run({ config, node, dataDir }) {
    const neededFiles = await needed(config?.listen.length ?? 2)
    if (node.kind !== 'running') {
      const limit = parseLimit(await readLimits('self'))
      return [
        limit === undefined
          ? UNKNOWN
          : judge({ ...limit, neededFiles, whose: 'of this shell; a service has its own' }),
      ]
    }
    const { pid } = node.status
    if (await runsElsewhere(dataDir, pid)) return [ELSEWHERE]
    const limit = parseLimit(await readLimits(String(pid)))
    if (limit === undefined) return [UNKNOWN]
    const openFiles = await readdir(`/proc/${pid}/fd`).then(
      (names) => names.length,
      () => undefined,
    )
    return [judge({ ...limit, neededFiles, openFiles, whose: `of the node, process ${pid}` })]
  },
}

const UNKNOWN: Finding = {
  state: 'not-checked',
  message: 'this system does not tell the limits of a process',
}

/** What a node has open at most. @param listeners addresses that it listens on for peers */
async function needed(listeners: number): Promise<number> {
  // Only now: they bring all of libp2p with them.
  const [{ maxPeerSockets }, { MAX_SERVER_SOCKETS }, { MAX_OPEN_FILES }] = await Promise.all([
    import('@pastel-mesh/sdk-node'),
    import('@pastel-mesh/sdk-server'),
    import('@pastel-mesh/storage'),
  ])
  return maxPeerSockets(listeners) + MAX_SERVER_SOCKETS + MAX_OPEN_FILES + OWN_FILES
}

export interface FileLimit {
  /** What holds. Node raises it to `hard` when it starts. */
  readonly soft: number
  readonly hard: number
}

interface Judged extends FileLimit {
  readonly neededFiles: number
  readonly openFiles?: number | undefined
  readonly whose: string
}

function judge({ soft, hard, neededFiles, openFiles, whose }: Judged): Finding {
  const now = openFiles === undefined ? '' : `${describeCount(openFiles)} open of `
  const message = `${now}${describeCount(soft)} (hard limit ${describeCount(hard)}) ${whose}`
  const measured = { soft, hard, neededFiles, openFiles }
  const advice = `in the unit of the service: LimitNOFILE=${roundUp(neededFiles)}; in a shell, before the start: ulimit -n ${roundUp(neededFiles)}; then start the node anew`
  if (soft < LEAST_FILES) {
    return {
      state: 'failed',
      message: `${message}: a node needs ${LEAST_FILES} at the least`,
      advice,
      measured,
    }
  }
  if (openFiles !== undefined && openFiles > soft * NEAR_SHARE) {
    return {
      state: 'failed',
      message: `${message}: connections will be refused, and the database may fail`,
      advice,
      measured,
    }
  }
  if (soft < neededFiles) {
    return {
      state: 'warning',
      message: `${message}: with all connections that it takes a node has ${describeCount(neededFiles)}`,
      advice,
      measured,
    }
  }
  return { state: 'ok', message: `${message}; a node has ${describeCount(neededFiles)} at most`, measured }
}

function roundUp(files: number): number {
  return 2 ** Math.ceil(Math.log2(files))
}

async function readLimits(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '')
}

/** @param text of /proc/PID/limits */
export function parseLimit(text: string): FileLimit | undefined {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text) ?? []
  if (soft === undefined || hard === undefined) return undefined
  const read = (word: string) => (word === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(word))
  return { soft: read(soft), hard: read(hard) }
}
