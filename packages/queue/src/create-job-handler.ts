import type { JobContext, JobHandler } from './job.ts'

/**
 * Makes handlers that are given what they work with when they are registered.
 *
 * @example
 * const createClaimHandler = createJobHandler(async (data: { deal: string }, { contracts }: { contracts: Contracts }) =>
 *   contracts.claim(data.deal),
 * )
 * queue.registerHandler('claim', createClaimHandler({ contracts }))
 */
export function createJobHandler<Data, Options, Result>(
  handler: (data: Data, options: Options, job: JobContext<Data>) => Promise<Result> | Result,
): (options: Options) => JobHandler<Data, Result> {
  return (options) => (job) => handler(job.data, options, job)
}
