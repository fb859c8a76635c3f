import { readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { describeBytes } from '../cli/describe-bytes.ts'
import type { Check, Finding } from './check.ts'
import { ELSEWHERE, runsElsewhere } from './node-process.ts'

const MIB = 2 ** 20
/** A node with all its parts and twenty peers may take 200 MB at rest; what comes in at full speed takes as much again. */
const ROOMY_BYTES = 512 * MIB
const LEAST_BYTES = 256 * MIB

/** How much memory a node may take before the system ends it, and how many processors it has. */
export const memoryCheck: Check = {
  name: 'memory',
  timeoutMs: 5_000,
  async run({ node, dataDir }) {
    if (node.kind === 'running' && (await runsElsewhere(dataDir, node.status.pid))) return [ELSEWHERE]
    const pid = node.kind === 'running' ? String(node.status.pid) : 'self'
    const group = await groupLimit(pid)
    const usedBytes = pid === 'self' ? undefined : await residentBytes(pid)
    return [
      judge({
        limitBytes: Math.min(group ?? Number.POSITIVE_INFINITY, totalmem()),
        isOfGroup: group !== undefined && group < totalmem(),
        usedBytes,
      }),
    ]
  },
}

export interface Memory {
  readonly limitBytes: number
  /** The service or the container has a limit of its own. */
  readonly isOfGroup: boolean
  /** Resident. */
  readonly usedBytes?: number | undefined
}

export function judge({ limitBytes, isOfGroup, usedBytes }: Memory): Finding {
  const used = usedBytes === undefined ? '' : `the node has ${describeBytes(usedBytes)} of `
  const processors = availableParallelism()
  const message = `${used}${describeBytes(limitBytes)}, ${isOfGroup ? 'the limit of its service or container' : 'all of the machine'}; ${processors} ${processors === 1 ? 'processor' : 'processors'}`
  const measured = { limitBytes, isOfGroup, usedBytes, processors }
  const advice = isOfGroup
    ? 'give it more: MemoryMax= in the unit of the service, or the limit of the container'
    : 'run it on a larger machine, or with less beside it'
  if (limitBytes < LEAST_BYTES) {
    return {
      state: 'failed',
      message: `${message}: the system may end it, for it takes 200 MB at rest`,
      advice,
      measured,
    }
  }
  if (limitBytes < ROOMY_BYTES) {
    return {
      state: 'warning',
      message: `${message}: a burst may take ${describeBytes(ROOMY_BYTES)}`,
      advice,
      measured,
    }
  }
  return { state: 'ok', message, measured }
}

/** Of the control groups that a process is in, the least; undefined: none has any. */
async function groupLimit(pid: string): Promise<number | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
  const limits: number[] = []
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    const isNew = controllers === ''
    if (!isNew && !controllers.split(',').includes('memory')) continue
    const [root, name] = isNew
      ? ['/sys/fs/cgroup', 'memory.max']
      : ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
    // What is above it holds for it as well; inside of a container only the root may be seen.
    for (let folder = path; ; folder = join(folder, '..')) {
      const text = await readFile(join(root, folder, name), 'utf8').catch(() => '')
      if (/^\d+\s*$/.test(text)) limits.push(Number(text))
      if (folder === '/') break
    }
  }
  return limits.length === 0 ? undefined : Math.min(...limits)
}

async function residentBytes(pid: string): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}
