import { open, readFile } from 'node:fs/promises'
import {
  explainFileError,
  isPastelId,
  MeshError,
  type PastelId,
  parsePastelId,
  writeDurableFile,
} from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { type Member, type MemberChange, memberChange } from './member-registry.ts'
import { type MemberEvent, Tenures, type TenuresOptions } from './tenures.ts'

export interface MemberHistoryOptions extends TenuresOptions {
  /** Text file, one change a line: when it was noticed, `joined` or `left`, the PastelID, its role. */
  readonly path: string
}

const HEADING =
  '# Who joined and who left, and when this node noticed it. The node writes this file; members are in the other one.\n'

const FILE_MODE = 0o600

/** Lines more than what is remembered takes: then the file is written anew with that. */
const MAX_SPARE_LINES = 10_000

/** Who was a member when, in memory and in a file that people can read. */
export class MemberHistory {
  readonly #path: string
  readonly #options: TenuresOptions
  #tenures: Tenures
  #lines = 0
  /** What the file holds is not what is remembered: the next write replaces it. */
  #isBehind = true
  #unwritten: MemberEvent[] = []
  #writing: Promise<void> = Promise.resolve()

  constructor(options: MemberHistoryOptions) {
    this.#path = options.path
    this.#options = options
    this.#tenures = new Tenures(options)
  }

  get tenures(): Tenures {
    return this.#tenures
  }

  /** Reads what was written down. @throws MeshError ERR_MEMBER_HISTORY: names file, line and what is wrong */
  async load(): Promise<void> {
    const text = await this.#read()
    const tenures = new Tenures(this.#options)
    const lines = (text ?? '').split('\n')
    // A line without an end is one that the node was writing when it was killed: nothing was built on it.
    const torn = lines.pop() ?? ''
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue
      tenures.take(parseEvent(line) ?? this.#fail(index + 1))
    }
    this.#tenures = tenures
    this.#lines = lines.length
    this.#isBehind = text === undefined || torn !== ''
  }

  /**
   * Makes these the members, and nobody else. It holds at once.
   * @returns who joined (or has another role) and who left; and when that is on disk, which fails as {@link take} does
   */
  become(members: ReadonlyMap<PastelId, Member>): { change: MemberChange; written: Promise<void> } {
    const change = memberChange(this.#tenures.current, members)
    const atMs = Date.now()
    const events: MemberEvent[] = [
      ...change.left.map((member) => ({ kind: 'left' as const, atMs, ...member })),
      ...change.joined.map((member) => ({ kind: 'joined' as const, atMs, ...member })),
    ]
    return { change, written: this.take(events) }
  }

  /**
   * Takes changes: they hold at once, and are on disk when this resolves.
   * @throws MeshError ERR_MEMBER_HISTORY if they could not be written; they are with the next ones
   */
  async take(events: readonly MemberEvent[]): Promise<void> {
    const taken = events.filter((event) => this.#tenures.take(event))
    if (taken.length === 0) return
    this.#unwritten.push(...taken)
    // One write at a time: what is taken meanwhile goes with the next.
    const writing = this.#writing.then(() => this.#writeRest())
    this.#writing = writing.catch(() => {})
    await writing
  }

  async #writeRest(): Promise<void> {
    const taken = this.#unwritten.splice(0)
    if (taken.length === 0 && !this.#isBehind) return
    this.#lines += taken.length
    try {
      await this.#write(taken)
    } catch (cause) {
      this.#isBehind = true
      const message = `the history of the members, ${this.#path}, cannot be written: ${explainFileError(cause)}`
      throw new MeshError('ERR_MEMBER_HISTORY', message, { cause })
    }
  }

  async #write(taken: readonly MemberEvent[]): Promise<void> {
    const remembered = this.#tenures.events()
    if (this.#isBehind || this.#lines > remembered.length + MAX_SPARE_LINES) {
      const text = HEADING + remembered.map(formatEvent).join('')
      await writeDurableFile(this.#path, text, { mode: FILE_MODE, overwrite: true })
      this.#lines = remembered.length
      this.#isBehind = false
      return
    }
    const file = await open(this.#path, 'a', FILE_MODE)
    try {
      await file.appendFile(taken.map(formatEvent).join(''))
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') return undefined
      const message = `the history of the members, ${this.#path}, cannot be read: ${explainFileError(cause)}`
      throw new MeshError('ERR_MEMBER_HISTORY', message, { cause })
    }
  }

  #fail(line: number): never {
    throw new MeshError(
      'ERR_MEMBER_HISTORY',
      `${this.#path}, line ${line}: not "<time> joined|left <PastelID> <role>"; correct the line, or move the file away: the node then begins another one`,
    )
  }
}

function formatEvent({ kind, pastelId, role, atMs }: MemberEvent): string {
  return `${new Date(atMs).toISOString()} ${kind} ${pastelId} ${role}\n`
}

function parseEvent(line: string): MemberEvent | undefined {
  const [time = '', kind, id = '', role = '', ...more] = line.trim().split(/\s+/)
  const atMs = Date.parse(time)
  if (Number.isNaN(atMs) || more.length > 0 || !isPastelId(id) || !isRoleName(role)) return undefined
  return kind === 'joined' || kind === 'left' ? { kind, pastelId: parsePastelId(id), role, atMs } : undefined
}
