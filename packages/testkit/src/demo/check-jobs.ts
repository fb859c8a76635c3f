import type { LocalNode } from '../mesh/local-node.ts'

/** The name of the jobs that the demo makes of messages. */
export const DEMO_JOB = 'note'

/** Jobs of one answer. */
const PAGE = 200

/** What became of the jobs of a node. */
export interface JobsRun {
  /** Number of the node, from 0 on. */
  readonly node: number
  readonly done: number
  readonly problems: readonly string[]
}

/** Whether all jobs that a node has made are done. */
export async function areJobsDone({ client }: LocalNode, count: number): Promise<boolean> {
  const { totals } = await client.api.admin.jobs.stats.query()
  return totals.done >= count && totals.waiting + totals.running + totals.delayed === 0
}

/** Compares the jobs that a node did with the messages that there are: each is to have made one. */
export async function checkJobs(
  node: number,
  { client }: LocalNode,
  accepted: ReadonlyMap<string, string>,
): Promise<JobsRun> {
  const { jobs } = client.api.admin
  const problems: string[] = []
  const seen = new Map<string, number>()
  let after: string | undefined
  do {
    const page = await jobs.list.query({
      status: 'done',
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    for (const { id: job, preview } of page.jobs) {
      const { id, hash } = JSON.parse(preview) as { id: string; hash: string }
      seen.set(id, (seen.get(id) ?? 0) + 1)
      if (accepted.get(id) !== hash) problems.push(`job ${job} is of another text`)
    }
    after = page.next
  } while (after !== undefined)
  for (const id of accepted.keys()) {
    const count = seen.get(id) ?? 0
    if (count !== 1) problems.push(`message ${id} made ${count} jobs that are done`)
  }
  for (const id of seen.keys())
    if (!accepted.has(id)) problems.push(`a job is of ${id}, which was never sent`)
  return { node, done: [...seen.values()].reduce((sum, count) => sum + count, 0), problems }
}
