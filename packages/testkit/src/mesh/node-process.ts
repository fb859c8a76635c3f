import { type ChildProcess, spawn } from 'node:child_process'

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals

/** Lines of output that are kept, for the message of a failure. */
const KEPT_LINES = 50
/** A process that a gentle signal did not end by then is killed. */
const MAX_STOP_MS = 20_000

const running = new Set<ChildProcess>()

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** A child process that runs node, and does not outlive this one. */
export class NodeProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #gone = new AbortController()
  readonly #closed: Promise<Ending>
  #ending: Promise<Ending> | undefined

  constructor(args: readonly string[]) {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    if (running.size === 0) process.on('exit', killAll)
    running.add(child)
    const keep = (chunk: Buffer) => {
      this.#lines.push(...chunk.toString().trimEnd().split('\n'))
      this.#lines.splice(0, this.#lines.length - KEPT_LINES)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    this.#closed = new Promise((resolve) => {
      const close = (ending: Ending, reason: Error) => {
        running.delete(child)
        if (running.size === 0) process.off('exit', killAll)
        this.#gone.abort(reason)
        resolve(ending)
      }
      child.once('error', (error) => close(1, error))
      child.once('close', (code, signal) => {
        const ending = signal ?? code ?? 1
        close(ending, new Error(`the process ended with ${ending}`))
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The last lines that it wrote. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** Aborts when the process has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Ends it with one signal, however often this is called: a node takes a second one for impatience. */
  end(signal: NodeJS.Signals): Promise<Ending> {
    if (signal === 'SIGKILL') this.#child.kill(signal)
    this.#ending ??= this.#end(signal)
    return this.#ending
  }

  async #end(signal: NodeJS.Signals): Promise<Ending> {
    if (!this.#gone.signal.aborted) this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), MAX_STOP_MS)
    try {
      return await this.#closed
    } finally {
      clearTimeout(timer)
    }
  }
}
