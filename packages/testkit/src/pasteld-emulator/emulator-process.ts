import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Action, Answer, EmulatorActions, Question } from './control.ts'

/** It has nothing to finish: whatever takes longer is stuck. */
const MAX_CLOSE_MS = 10_000

const running = new Set<ChildProcess>()

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** The process of an emulator, as long as it lasts. */
export class EmulatorProcess {
  readonly #child: ChildProcess
  readonly #asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  readonly #exited: Promise<unknown>
  #number = 0

  constructor() {
    const isSource = import.meta.url.endsWith('.ts')
    const main = fileURLToPath(new URL(`./main${isSource ? '.ts' : '.js'}`, import.meta.url))
    const child = fork(main, [], {
      execArgv: isSource ? ['--conditions=source'] : [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // As they are: what is undefined stays so.
      serialization: 'advanced',
    })
    this.#child = child
    if (running.size === 0) process.on('exit', killAll)
    running.add(child)
    child.on('message', ({ number, result, error }: Answer) => {
      const asked = this.#asked.get(number)
      this.#asked.delete(number)
      if (error === undefined) asked?.resolve(result)
      else asked?.reject(new Error(`the emulator of pasteld: ${error}`))
    })
    // Told to one that is being killed.
    child.on('error', () => {})
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      running.delete(child)
      if (running.size === 0) process.off('exit', killAll)
      const error = new Error(`the emulator of pasteld ended with ${signal ?? code}`)
      for (const { reject } of this.#asked.values()) reject(error)
      this.#asked.clear()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @throws Error it failed, or the process has ended */
  async ask<A extends Action>(
    action: A,
    ...args: Parameters<EmulatorActions[A]>
  ): Promise<Awaited<ReturnType<EmulatorActions[A]>>> {
    if (!this.#child.connected) throw new Error('the emulator of pasteld has ended')
    this.#number += 1
    const question: Question<A> = { number: this.#number, action, args }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#asked.set(question.number, { resolve, reject })
    this.#child.send(question)
    return (await promise) as Awaited<ReturnType<EmulatorActions[A]>>
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), MAX_CLOSE_MS)
    await this.#exited
    clearTimeout(timer)
  }
}
