import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LinkFault } from '../fault.ts'

export type ToRelay =
  | { readonly type: 'listen'; readonly member: number }
  | { readonly type: 'faults'; readonly faults: readonly LinkFault[] }

/** The relay in a process, which has a network namespace of its own. */
export class RelayProcess {
  readonly #child: ChildProcess
  /** One question at a time. */
  #asking: Promise<void>

  constructor({ seed }: { readonly seed: number }) {
    const isSource = import.meta.url.endsWith('.ts')
    const main = fileURLToPath(new URL(`./relay-main${isSource ? '.ts' : '.js'}`, import.meta.url))
    this.#child = fork(main, [String(seed)], {
      execPath: 'unshare',
      execArgv: ['--net', process.execPath, ...(isSource ? ['--conditions=source'] : [])],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#asking = this.#answer()
    this.#asking.catch(() => {})
  }

  /** Whose network namespace it is. */
  get pid(): number {
    return this.#child.pid as number
  }

  /** @throws Error if it does not start */
  async ready(): Promise<void> {
    await this.#asking
  }

  /** @throws Error if it has ended */
  ask(message: ToRelay): Promise<void> {
    this.#asking = this.#asking.then(() => {
      const answered = this.#answer()
      this.#child.send(message)
      return answered
    })
    this.#asking.catch(() => {})
    return this.#asking
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    await exited
  }

  #answer(): Promise<void> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onEnd = (why: unknown) => reject(new Error('the relay between the members ended', { cause: why }))
    if (child.exitCode !== null || child.signalCode !== null) onEnd(undefined)
    child.once('message', () => resolve())
    child.once('exit', onEnd)
    child.once('error', onEnd)
    return promise.finally(() => {
      child.off('exit', onEnd)
      child.off('error', onEnd)
    })
  }
}
