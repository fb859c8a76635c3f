import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { describeBytes } from '../cli/describe-bytes.ts'
import { describeCount } from '../cli/terminal/figures.ts'
import { dataFolder } from '../data-folder.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import { type Mount, mountOf } from './mounts.ts'

/** Below twice the reserve a night's traffic, or a compaction, may reach it. */
const NEAR_RESERVE = 2
/** A start, a log and a compaction make some tens of files. */
const FEW_INODES = 1_000

/** Kinds of file systems that a node's data should not be on. */
const KINDS: readonly (readonly [type: RegExp, state: 'warning' | 'failed', why: string, advice: string])[] =
  [
    [
      /^(tmpfs|ramfs|devtmpfs)$/,
      'failed',
      'is in memory: what the node acknowledged is gone with the next restart of the machine',
      'give it a folder on a disk: --data or PMESH_DATA',
    ],
    [
      /^(nfs|nfs4|cifs|smb3|smbfs|9p|afs|ceph|glusterfs|lustre)$/,
      'warning',
      'is on the network: locks and syncs of such file systems do not always hold, and the database needs both',
      'give it a folder on a disk of this machine: --data or PMESH_DATA',
    ],
    [
      /^fuse/,
      'warning',
      'is served by a program: whether a sync reaches the disk is up to that',
      'give it a folder on a file system of the kernel, such as ext4 or xfs: --data or PMESH_DATA',
    ],
    [
      /^(overlay|aufs)$/,
      'warning',
      'is the layer of a container: it is gone when the container is removed',
      'mount a volume for the data folder',
    ],
  ]
/** Options by which a file system reports a sync as done that is not. */
const UNSAFE_OPTIONS: readonly string[] = ['barrier=0', 'nobarrier']

/** How much room there is, and on what kind of file system. */
export const diskCheck: Check = {
  name: 'disk',
  timeoutMs: 5_000,
  async run({ dataDir, config, node }) {
    const isThere = await stat(dataDir).then(
      () => true,
      () => false,
    )
    if (!isThere) return [{ state: 'not-checked', message: 'there is no data folder' }]
    const [room, mount, database] = await Promise.all([
      statfs(dataDir),
      mountOf(dataDir),
      sizeOf(dataFolder(dataDir).database),
    ])
    const freeBytes = room.bavail * room.bsize
    return [
      ...failing(node),
      spaceFinding({
        freeBytes,
        databaseBytes: database,
        minFreeBytes: config?.minFreeBytes,
        maxBytes: config?.retention.maxBytes,
      }),
      ...inodeFinding(room.files, room.ffree),
      kindFinding(dataDir, mount),
    ]
  },
}

/** What the node itself met. */
function failing(node: CheckContext['node']): Finding[] {
  if (node.kind !== 'running' || node.status.disk.state !== 'failing') return []
  return [
    {
      state: 'failed',
      message: `the node cannot write: ${node.status.disk.reason}`,
      advice: 'mend the disk ("dmesg" shows its errors); the node tries again by itself',
      measured: { ...node.status.disk },
    },
  ]
}

interface Space {
  readonly freeBytes: number
  readonly databaseBytes: number
  readonly minFreeBytes: number | undefined
  readonly maxBytes: number | undefined
}

export function spaceFinding(space: Space): Finding {
  const { freeBytes, databaseBytes, minFreeBytes, maxBytes } = space
  const free = `${describeBytes(freeBytes)} free, database ${describeBytes(databaseBytes)}`
  const measured = { freeBytes, databaseBytes, minFreeBytes, retentionBytes: maxBytes }
  if (minFreeBytes === undefined || maxBytes === undefined) {
    return {
      state: 'not-checked',
      message: `${free}; the configuration does not say how much is to be`,
      measured,
    }
  }
  const message = `${free}, reserve ${describeBytes(minFreeBytes)} (disk.minFree)`
  if (freeBytes < minFreeBytes) {
    return {
      state: 'failed',
      message: `${message}: nothing new is accepted`,
      advice: `free ${describeBytes(minFreeBytes - freeBytes)} or more; the node goes on by itself`,
      measured,
    }
  }
  if (freeBytes < minFreeBytes * NEAR_RESERVE) {
    return {
      state: 'warning',
      message: `${message}: the reserve is near`,
      advice: `free some space, or lower retention.maxSize (${describeBytes(maxBytes)}) or retention.maxAge`,
      measured,
    }
  }
  const roomBytes = freeBytes + databaseBytes - minFreeBytes
  if (maxBytes > roomBytes) {
    return {
      state: 'warning',
      message: `${message}: retention.maxSize is ${describeBytes(maxBytes)}, and there is room for ${describeBytes(roomBytes)}: the disk may fill up before anything is removed`,
      advice: `set retention.maxSize to ${Math.max(1, Math.floor((roomBytes * 0.8) / 2 ** 20))}MiB or less, or give the node a larger disk`,
      measured,
    }
  }
  return { state: 'ok', message, measured }
}

/** Some file systems have as many as they need, and say 0. */
function inodeFinding(inodes: number, freeInodes: number): Finding[] {
  if (inodes === 0) return []
  const message = `${describeCount(freeInodes)} of ${describeCount(inodes)} inodes free`
  const measured = { inodes, freeInodes }
  if (freeInodes >= FEW_INODES) return [{ state: 'ok', message, measured }]
  return [
    {
      state: freeInodes === 0 ? 'failed' : 'warning',
      message: `${message}: no file can be made without one`,
      advice:
        'remove small files: "df -i" shows which disk, "du --inodes -x / | sort -n | tail" where they are',
      measured,
    },
  ]
}

export function kindFinding(dataDir: string, mount: Mount | undefined): Finding {
  if (mount === undefined) {
    return { state: 'not-checked', message: 'this system does not tell the kind of the file system' }
  }
  const { type, point, options } = mount
  const measured = { fileSystem: type, mountPoint: point }
  const [, state, why, advice] = KINDS.find(([kind]) => kind.test(type)) ?? []
  if (state !== undefined) {
    return { state, message: `${dataDir} is on ${type}, which ${why}`, advice: advice ?? '', measured }
  }
  const unsafe = options.find((option) => UNSAFE_OPTIONS.includes(option))
  if (unsafe !== undefined) {
    return {
      state: 'warning',
      message: `${point} (${type}) is mounted with ${unsafe}: a power cut may take what was synced`,
      advice: `mount it without ${unsafe}`,
      measured,
    }
  }
  return { state: 'ok', message: `${type}, mounted on ${point}`, measured }
}

/** Of the files in a folder; 0 if it is not there. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
