import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { V8_OPTIONS } from '@pastel-mesh/node'
import type { FromMember, MemberJob, MemberStatus, ToMember } from './member/protocol.ts'

/** Whatever a member is asked for takes seconds; on a machine that is busy with other things, minutes. */
const MAX_ANSWER_MS = 5 * 60_000
const KEPT_LINES = 40

export interface MemberProcessOptions {
  /** A program, and its arguments, that becomes the process; empty: none. */
  readonly launcher: readonly string[]
  /** What it writes is appended to this file. */
  readonly logPath: string
}

const running = new Set<ChildProcess>()

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** The process of a member, as long as it lasts. */
export class MemberProcess {
  readonly #child: ChildProcess
  readonly #lines: string[] = []
  readonly #exited: Promise<void>
  #isEnding = false

  /** @param onCrash it ended by itself */
  constructor(job: MemberJob, { launcher, logPath }: MemberProcessOptions, onCrash: (how: string) => void) {
    const isSource = import.meta.url.endsWith('.ts')
    const place = (module: string) => new URL(`${module}${isSource ? '.ts' : '.js'}`, import.meta.url)
    const child = fork(fileURLToPath(place('./member/main')), {
      execPath: launcher[0] ?? process.execPath,
      execArgv: [
        ...(launcher.length === 0 ? [] : [...launcher.slice(1), process.execPath]),
        ...V8_OPTIONS,
        ...(isSource ? ['--conditions=source'] : []),
        ...(job.clockShiftMs === 0 ? [] : ['--import', place('./shifted-clock').href]),
      ],
      env: { ...process.env, PMESH_CHAOS_CLOCK_MS: String(job.clockShiftMs) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    if (running.size === 0) process.on('exit', killAll)
    running.add(child)
    const keep = (chunk: Buffer) => {
      this.#lines.push(...chunk.toString().trimEnd().split('\n'))
      this.#lines.splice(0, this.#lines.length - KEPT_LINES)
      appendFileSync(logPath, chunk)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    // Told to one that is being killed.
    child.on('error', () => {})
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      running.delete(child)
      if (running.size === 0) process.off('exit', killAll)
      if (!this.#isEnding) onCrash(`ended with ${signal ?? code}:\n${this.output}`)
    })
    this.#send({ type: 'job', job })
  }

  /** The last lines that it wrote. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** @throws Error if it ends instead, or does not answer */
  async ready(): Promise<void> {
    await this.#hear('ready')
  }

  async calm(): Promise<void> {
    const answer = this.#hear('calm')
    this.#send({ type: 'calm' })
    await answer
  }

  async status(): Promise<MemberStatus> {
    const answer = this.#hear('status')
    this.#send({ type: 'status' })
    return (await answer).status
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#isEnding = true
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Ends it in good order. @returns whether that worked in time */
  async stop(): Promise<boolean> {
    this.#isEnding = true
    this.#send({ type: 'end' })
    let isInTime = true
    const timer = setTimeout(() => {
      isInTime = false
      this.#child.kill('SIGKILL')
    }, MAX_ANSWER_MS)
    await this.#exited
    clearTimeout(timer)
    return isInTime && this.#child.exitCode === 0
  }

  #send(message: ToMember): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async #hear<T extends FromMember['type']>(type: T): Promise<Extract<FromMember, { type: T }>> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<Extract<FromMember, { type: T }>>()
    const onMessage = (message: FromMember) => {
      if (message.type === type) resolve(message as Extract<FromMember, { type: T }>)
    }
    const fail = (why: string) => reject(new Error(`a member ${why} before "${type}":\n${this.output}`))
    const timer = setTimeout(() => fail('did not answer'), MAX_ANSWER_MS)
    child.on('message', onMessage)
    void this.#exited.then(() => fail('ended'))
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      child.off('message', onMessage)
    }
  }
}
