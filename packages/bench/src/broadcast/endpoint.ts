import { meshEndpoint } from './mesh-endpoint.ts'
import { strictSignEndpoint } from './strict-sign-endpoint.ts'
import type { Job } from './variants.ts'

/** One of the two processes. */
export interface Endpoint {
  address(): string
  /** Connects and waits until messages would arrive. */
  connect(address: string): Promise<void>
  /** Publishes the bodies; resolves when they are accepted. */
  publish(bodies: readonly Uint8Array[]): Promise<void>
  /** Resolves when so many messages are stored. */
  received(count: number): Promise<void>
  stop(): Promise<void>
}

export function createEndpoint(job: Job): Promise<Endpoint> {
  return job.kind === 'mesh' ? meshEndpoint(job) : strictSignEndpoint(job)
}
