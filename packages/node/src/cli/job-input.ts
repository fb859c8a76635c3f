import { MeshError } from '@pastel-mesh/identity'
import { readText } from './read-text.ts'

/**
 * The data of a job: JSON, as an argument, or `-` for the standard input; null if there is none.
 * @throws MeshError ERR_JOB_DATA, ERR_TEXT
 */
export async function readJobData(argument: string | undefined): Promise<unknown> {
  if (argument === undefined) return null
  const text = await readText(argument)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const why = `${(cause as Error).message}; a text is '"text"', and the shell takes the outer quotes away`
    throw new MeshError('ERR_JOB_DATA', `the data is not JSON: ${why}`, { cause })
  }
}

/** What a job is to have beside its data, as it was typed. */
export interface JobFlags {
  /** Reckoned when it is added, in ms since 1970. */
  readonly at?: () => number
  readonly expires?: () => number
  readonly priority?: number
  readonly dedupKey?: string
  readonly attempts?: number
  readonly timeout?: number
}

/** As the API takes it. */
export function optionsOfFlags({ at, expires, priority, dedupKey, attempts, timeout }: JobFlags) {
  return {
    ...(at === undefined ? {} : { runAt: at() }),
    ...(expires === undefined ? {} : { expiresAt: expires() }),
    ...(dedupKey === undefined ? {} : { dedupKey }),
    ...(priority === undefined ? {} : { priority }),
    ...(attempts === undefined ? {} : { retry: { attempts } }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  }
}
