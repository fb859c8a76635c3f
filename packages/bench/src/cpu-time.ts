import { readFile } from 'node:fs/promises'

/** Linux counts in hundredths of a second, on all machines that Node runs on. */
const TICK_MS = 10
/** Behind the name of the program, which may have spaces: user and system time are the 12th and 13th field. */
const USER_FIELD = 11

/** What all threads of a process took of the processor since its start, in ms; NaN where the system does not tell it. */
export async function cpuTimeMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[USER_FIELD]) + Number(fields[USER_FIELD + 1])) * TICK_MS
}
