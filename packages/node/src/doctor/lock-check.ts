import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dataFolder } from '../data-folder.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Check } from './check.ts'
import { lockHolder } from './lock-holder.ts'
import { ELSEWHERE, runsElsewhere } from './node-process.ts'
import { describeProcess } from './processes.ts'

/** Which process has the database. */
export const lockCheck: Check = {
  name: 'database',
  timeoutMs: 5_000,
  async run({ dataDir, node }) {
    const path = join(dataFolder(dataDir).database, 'LOCK')
    const file = await stat(path).catch((error: NodeJS.ErrnoException) => error)
    if (file instanceof Error) {
      return [
        file.code === 'ENOENT' || file.code === 'ENOTDIR'
          ? { state: 'ok', message: 'none yet: the first start makes it' }
          : { state: 'not-checked', message: file.message },
      ]
    }
    const locks = await readFile('/proc/locks', 'utf8').catch(() => undefined)
    if (locks === undefined)
      return [{ state: 'not-checked', message: 'this system does not tell who has a file locked' }]
    const pid = await lockHolder(locks, path)
    if (pid === undefined) {
      if (node.kind !== 'running') return [{ state: 'ok', message: 'no process has it open' }]
      return [{ state: 'not-checked', message: 'the system does not show who has it open' }]
    }
    const measured = { pid }
    if (node.kind === 'running' && node.status.pid === pid) {
      return [{ state: 'ok', message: `the node has it open, process ${pid}`, measured }]
    }
    if (node.kind === 'running' && (await runsElsewhere(dataDir, node.status.pid))) {
      return [{ ...ELSEWHERE, measured: { ...measured, pidOfItself: node.status.pid } }]
    }
    const who = pid > 0 ? await describeProcess(pid) : 'a process of another container'
    return [
      {
        state: 'failed',
        message: `${who} has it open, and is no node that answers on the socket of this folder`,
        advice:
          pid > 0
            ? `end it with "kill ${pid}", or give this node another folder: "${pmeshCommand('start', 'FOLDER')}"`
            : 'stop that container: a folder is for one node',
        measured,
      },
    ]
  },
}
