import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { V8_OPTIONS } from '@pastel-mesh/node'

/** A process that has not ended by then, after it was told to, is killed. */
const MAX_END_MS = 20_000
/** Whatever a process is asked to do takes minutes at most; longer, and it hangs. */
const MAX_ANSWER_MS = 10 * 60_000

/** One process of a benchmark, which does what it is told by messages and answers with messages. */
export class BenchProcess<ToChild extends object, FromChild extends { readonly type: string }> {
  readonly #child: ChildProcess

  /** @param module the module that it runs, without its ending, relative to `base`: from the source if that is */
  constructor(module: string, base: string) {
    const isSource = base.endsWith('.ts')
    this.#child = fork(fileURLToPath(new URL(`${module}${isSource ? '.ts' : '.js'}`, base)), {
      execArgv: [...V8_OPTIONS, ...(isSource ? ['--conditions=source'] : [])],
    })
  }

  send(message: ToChild): void {
    this.#child.send(message)
  }

  /** The next message of a kind. @throws Error if the process ends first, or answers with nothing for minutes */
  async hear<T extends FromChild['type']>(type: T): Promise<Extract<FromChild, { type: T }>> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<Extract<FromChild, { type: T }>>()
    const onMessage = (message: FromChild) => {
      if (message.type === type) resolve(message as Extract<FromChild, { type: T }>)
    }
    const onExit = (code: number | null) =>
      reject(new Error(`a process of the benchmark ended with ${code} before "${type}"`))
    const timer = setTimeout(
      () => reject(new Error(`a process of the benchmark does not answer with "${type}"`)),
      MAX_ANSWER_MS,
    )
    child.on('message', onMessage)
    child.once('exit', onExit)
    if (child.exitCode !== null) onExit(child.exitCode)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
  }

  /** Sends a message and hears the answer. */
  ask<T extends FromChild['type']>(message: ToChild, type: T): Promise<Extract<FromChild, { type: T }>> {
    // Listening first: nothing is missed.
    const answer = this.hear(type)
    this.send(message)
    return answer
  }

  /** Ends the process with its own last message, by force if that does not help. */
  async end(message: ToChild): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    if (child.connected) this.send(message)
    const timer = setTimeout(() => child.kill('SIGKILL'), MAX_END_MS)
    await once(child, 'exit')
    clearTimeout(timer)
  }
}
