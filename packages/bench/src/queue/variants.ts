/** What is compared: who keeps the jobs, and when it says that they are kept. */
export interface Variant {
  readonly key: 'level' | 'floor' | 'redis_everysec' | 'redis_always' | 'postgresql'
  readonly name: string
  readonly server?: 'redis' | 'postgresql'
  /** Of the jobs of one run, so that the slow ones take no longer than the others. */
  readonly share: number
}

export const VARIANTS: readonly Variant[] = [
  { key: 'level', name: 'Pastel Mesh, level driver', share: 1 },
  { key: 'floor', name: 'LevelDB alone', share: 1 },
  { key: 'redis_everysec', name: 'BullMQ, Redis, AOF everysec', server: 'redis', share: 0.5 },
  { key: 'redis_always', name: 'BullMQ, Redis, AOF always', server: 'redis', share: 0.5 },
  { key: 'postgresql', name: 'BullMQ, PostgreSQL', server: 'postgresql', share: 0.05 },
]

/** What the parent tells the child process, and what it hears. */
export interface Task {
  readonly kind: Variant['key']
  /** A folder, or what a client connects to. */
  readonly address: string
  readonly inFlight: number
  readonly jobs: number
  /** Jobs before the clock runs: processes compile their code, connections are made. */
  readonly warmUp: number
  readonly sizeBytes: number
}

export type ToChild = { readonly type: 'task'; readonly task: Task } | { readonly type: 'end' }

export interface Finished {
  readonly type: 'finished'
  readonly perSecond: number
  readonly rssMb: number
  /** Of the process that adds and works; what a server takes beside it is not in it. */
  readonly cpuMs: number
}

export type FromChild = Finished
