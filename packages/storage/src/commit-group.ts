import type { Operation } from './database.ts'

/** Commits of one write, and bytes after which it takes no more: bounds how long one caller waits for others. */
const MAX_COMMITS = 1024
const MAX_BYTES = 8 * 1024 * 1024

/** What one caller waits for. A class, and no closures: there are tens of thousands a second. */
export class Commit {
  readonly promise: Promise<unknown>
  readonly sync: boolean
  readonly #prepare: (operations: Operation[]) => unknown
  #resolve!: (result: unknown) => void
  #reject!: (error: unknown) => void
  #result: unknown

  constructor(prepare: (operations: Operation[]) => unknown, sync: boolean) {
    this.#prepare = prepare
    this.sync = sync
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  prepare(operations: Operation[]): void {
    this.#result = this.#prepare(operations)
  }

  done(): void {
    this.#resolve(this.#result)
  }

  reject(error: unknown): void {
    this.#reject(error)
  }
}

/** Commits that go to the disk in one write. */
export class CommitGroup {
  readonly operations: Operation[] = []
  readonly commits: Commit[] = []
  sizeBytes = 0
  /** Whether one of them waits for the disk. */
  sync = false

  get isEmpty(): boolean {
    return this.commits.length === 0
  }

  get isFull(): boolean {
    return this.commits.length === MAX_COMMITS || this.sizeBytes >= MAX_BYTES
  }

  /** Has a commit put together what it writes; one that throws has no part in it. */
  take(commit: Commit): void {
    const { operations } = this
    const before = operations.length
    try {
      commit.prepare(operations)
    } catch (error) {
      operations.length = before
      commit.reject(error)
      return
    }
    this.commits.push(commit)
    this.sync ||= commit.sync
    for (let index = before; index < operations.length; index += 1) {
      const operation = operations[index] as Operation
      this.sizeBytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
    }
  }

  /** It is on disk. */
  done(): void {
    for (const commit of this.commits) commit.done()
  }
}
