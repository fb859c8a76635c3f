import { cp, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, topicChannel } from '@pastel-mesh/protocol'
import { SmallDisk } from '../faults/small-disk.ts'
import type { AuditedMember } from './audit.ts'
import type { MemberFault } from './fault.ts'
import type { MemberJob, MemberStatus } from './member/protocol.ts'
import { MemberProcess } from './member-process.ts'
import { readRecords } from './record-file.ts'
import type { AcceptedRecord, ShownRecord } from './records.ts'
import { readStore } from './store-content.ts'

export interface ChaosMemberOptions {
  /** What stays the same at each start. */
  readonly job: Omit<MemberJob, 'incarnation' | 'clockShiftMs' | 'isCalm' | 'randomSeed'>
  readonly folder: string
  /** What its process is started through. */
  readonly launcher: readonly string[]
  readonly pastelId: PastelId
  readonly seed: number
  readonly hasSmallDisk: boolean
}

export interface ChaosMemberComponents {
  readonly say: (line: string) => void
}

const DISK_MIB = 64

/** A member of a run: its process, as often as it is started, its folder and its disk. */
export class ChaosMember {
  readonly pastelId: PastelId
  /** What went wrong that nobody did. */
  readonly problems: string[] = []
  /** Calls that were refused, by error code, of all its processes as far as they told. */
  readonly refused: Record<string, number> = {}
  readonly #options: ChaosMemberOptions
  readonly #say: (line: string) => void
  readonly #disk: SmallDisk | undefined
  #process: MemberProcess | undefined
  #incarnation = 0
  #isCalm = false
  #copiedAtMs: number | undefined
  #restored: AuditedMember['restored']
  #undelivered: readonly string[] = []
  #isOver = false
  /** What is done to it, one after the other. */
  #doing: Promise<void> = Promise.resolve()

  constructor(options: ChaosMemberOptions, { say }: ChaosMemberComponents) {
    this.#options = options
    this.#say = (line) => say(`member ${options.job.member + 1}: ${line}`)
    this.pastelId = options.pastelId
    if (options.hasSmallDisk) this.#disk = SmallDisk.mount(options.folder, DISK_MIB)
  }

  async start(clockShiftMs = 0): Promise<void> {
    if (this.#isOver) throw new Error('the run is over')
    const { job, folder, launcher, seed } = this.#options
    this.#incarnation += 1
    const started = new MemberProcess(
      {
        ...job,
        incarnation: this.#incarnation,
        clockShiftMs,
        isCalm: this.#isCalm,
        randomSeed: seed + this.#incarnation,
      },
      { launcher, logPath: `${folder}.log` },
      (how) => {
        this.#complain(`its process ${how}`)
        if (this.#process === started) this.#process = undefined
      },
    )
    this.#process = started
    await started.ready()
  }

  /** What is done to it is over when this resolves; it begins when what was done before is over. */
  suffer(fault: MemberFault, signal: AbortSignal): Promise<void> {
    this.#doing = this.#doing
      .then(() => this.#suffer(fault, signal))
      .catch((error: unknown) => this.#complain(`${fault.kind}: ${(error as Error).message}`))
    return this.#doing
  }

  /** Nothing is done to it any more: it runs, sends nothing, and reads as fast as it can. */
  async heal(): Promise<void> {
    await this.#doing
    this.#isCalm = true
    await this.#disk?.free()
    try {
      if (this.#process === undefined) await this.start()
      else await this.#process.calm()
    } catch (error) {
      this.#complain((error as Error).message)
    }
  }

  /** The channels that it reads. */
  get channels(): string[] {
    return [...this.#options.job.topics.map(topicChannel), inboxChannel(this.pastelId)]
  }

  /** @throws Error if its process does not run */
  async status(): Promise<MemberStatus> {
    if (this.#process === undefined) throw new Error('its process does not run')
    const status = await this.#process.status()
    this.#undelivered = status.undelivered
    return status
  }

  /** Ends its process in good order. */
  async end(): Promise<void> {
    await this.#stop()
  }

  /** Nothing of it runs any more, nor is started. */
  async killNow(): Promise<void> {
    this.#isOver = true
    await this.#process?.kill()
    await this.#doing
  }

  /** Unmounts its disk; what was on it is in the folder then. */
  async unmount(): Promise<void> {
    if (this.#disk === undefined) return
    const { folder } = this.#options
    const aside = `${folder}-disk`
    await cp(folder, aside, { recursive: true })
    this.#disk.unmount()
    await cp(aside, folder, { recursive: true })
    await rm(aside, { recursive: true })
  }

  /** What it has, when its process has ended. */
  async content(): Promise<AuditedMember> {
    const { job } = this.#options
    return {
      pastelId: this.pastelId,
      topics: job.topics,
      accepted: await readRecords<AcceptedRecord>(job.acceptedPath),
      shown: await readRecords<ShownRecord>(job.shownPath),
      store: await readStore(job.dataDir),
      ...(this.#restored === undefined ? {} : { restored: this.#restored }),
      keepsLittle: job.keepsLittle,
      undelivered: this.#undelivered,
    }
  }

  async #suffer({ kind, durationMs, amount = 0 }: MemberFault, signal: AbortSignal): Promise<void> {
    const lasting = () => delay(durationMs, undefined, { signal }).catch(() => {})
    switch (kind) {
      case 'kill':
        await this.#kill()
        await lasting()
        return this.start()
      case 'pause':
        this.#process?.pause()
        await lasting()
        this.#process?.resume()
        return
      case 'stop':
      case 'away':
        await this.#stop()
        await lasting()
        return this.start()
      case 'clock':
        await this.#stop()
        await this.start(amount)
        await lasting()
        await this.#stop()
        return this.start()
      case 'copy':
        await this.#stop()
        await cp(this.#options.job.dataDir, this.#copyFolder, { recursive: true })
        this.#copiedAtMs = Date.now()
        return this.start()
      case 'restore':
        return this.#restore(lasting)
      case 'disk':
        await this.#disk?.fill()
        await lasting()
        await this.#disk?.free()
        return
    }
  }

  async #restore(lasting: () => Promise<void>): Promise<void> {
    await this.#kill()
    const copiedAtMs = this.#copiedAtMs
    if (copiedAtMs === undefined) {
      this.#say('no copy was made: nothing is restored')
      return this.start()
    }
    await rm(this.#options.job.dataDir, { recursive: true })
    await cp(this.#copyFolder, this.#options.job.dataDir, { recursive: true })
    this.#restored = { copiedAtMs, restoredAtMs: Date.now() }
    await lasting()
    await this.start()
  }

  get #copyFolder(): string {
    return `${this.#options.folder}-copy`
  }

  async #kill(): Promise<void> {
    await this.#process?.kill()
    this.#process = undefined
  }

  async #stop(): Promise<void> {
    const stopping = this.#process
    if (stopping === undefined) return
    const status = await stopping.status().catch(() => undefined)
    if (status !== undefined) {
      this.#count(status.refused)
      this.#undelivered = status.undelivered
    }
    const isClean = await stopping.stop()
    this.#process = undefined
    if (!isClean) this.#complain(`its process did not end in good order:\n${stopping.output}`)
  }

  #count(refused: Readonly<Record<string, number>>): void {
    for (const [code, count] of Object.entries(refused)) {
      this.refused[code] = (this.refused[code] ?? 0) + count
    }
  }

  #complain(problem: string): void {
    const { member } = this.#options.job
    this.problems.push(`member ${member + 1}: ${problem}`)
    this.#say(problem)
  }
}
