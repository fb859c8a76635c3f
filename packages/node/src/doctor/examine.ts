import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigPlaces } from '../config/load-config.ts'
import type { Finding } from './check.ts'
import { CHECKS } from './checks.ts'
import { longestMs, tookTooLong } from './run-checks.ts'

/** What the checks have to say, each when it and all before it in the order of the registry are done. */
export type Examined = (name: string, findings: readonly Finding[]) => void

/** What the child process says. */
export interface ChildMessage {
  readonly name: string
  readonly findings: readonly Finding[]
}

/** Until the child runs, has read the configuration and has asked the node. */
const BEGIN_MS = 12_000

/** What hangs in the kernel may not even end of SIGKILL. */
const END_MS = 1_000

/** How long {@link examine} takes at most, whatever hangs. */
export const MAX_EXAMINE_MS = BEGIN_MS + longestMs(CHECKS)

/**
 * Makes all checks, in a process of their own: what hangs in a file system or in name resolution hangs in a thread, which
 * nothing but the end of its process ends, and which no process can end without.
 */
export async function examine(places: ConfigPlaces, tell: Examined): Promise<void> {
  const child = fork(fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url)), [], {
    // Threads for what hangs, so that all else has some.
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const results = new Map<string, readonly Finding[]>()
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(0, 2_000)
  })
  const waiting = [...CHECKS]
  const report = () => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const findings = results.get(first.name)
      if (findings === undefined) return
      waiting.shift()
      tell(first.name, findings)
    }
  }
  child.on('message', ({ name, findings }: ChildMessage) => {
    results.set(name, findings)
    report()
  })
  const { env, ...sent } = places
  child.send({ ...sent, env })
  const isHung = await hasHung(child)
  const code = await end(child)
  for (const check of [...waiting]) {
    if (!results.has(check.name)) results.set(check.name, [isHung ? tookTooLong(check) : broke(errors, code)])
  }
  report()
}

/** Waits until it says that it is done, or has ended, or has had its time. */
async function hasHung(child: ChildProcess): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(true), MAX_EXAMINE_MS)
  child.once('error', () => resolve(false))
  child.once('disconnect', () => resolve(false))
  const isHung = await promise
  clearTimeout(timer)
  return isHung
}

/** @returns its exit code, if it ended by itself */
async function end(child: ChildProcess): Promise<number | null> {
  child.kill('SIGKILL')
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, END_MS)
  child.once('close', () => resolve())
  if (child.exitCode === null && child.signalCode === null) await promise
  clearTimeout(timer)
  child.unref()
  child.stderr?.destroy()
  return child.exitCode
}

/** Such as of a plugin that ends the process. */
function broke(errors: string, code: number | null): Finding {
  const line = errors.split('\n').find((text) => /error/i.test(text)) ?? `exit code ${code ?? 'unknown'}`
  return {
    state: 'failed',
    message: `the process of the checks ended, during this one or before it: ${line}`,
    advice: 'if plugins are named, try without them; otherwise tell whoever made this version',
  }
}
