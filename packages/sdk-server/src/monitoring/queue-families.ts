import type { Queue } from '@pastel-mesh/queue'
import type { BindingStatus } from '../admin/binding-status.ts'
import { queueAnswer } from '../admin/queue-answer.ts'
import type { Families, Samples } from './families.ts'

/** A page of metrics does not wait longer for a queue whose server is gone. */
const ANSWER_MS = 2_000

export interface QueueFamiliesComponents {
  readonly queue: Queue
  readonly bindings: () => Promise<BindingStatus[]>
}

/** Names of jobs that are labels of their own; what is named otherwise is counted together. */
const MAX_NAMES = 200
const OTHER = 'other'

/** Jobs, and what makes them of messages. */
export function addQueueFamilies(families: Families, { queue, bindings }: QueueFamiliesComponents): void {
  /** The first that were seen, as long as the process runs: what is counted as `other` stays there. */
  const names = new Set<string>()
  const bounded = (samples: Samples) => mergeNames(samples, names)
  const counts = () => queueAnswer(queue.counts(), ANSWER_MS).catch(() => undefined)
  families.gauge({
    name: 'pmesh_queue_up',
    help: '1 if the queue answers',
    read: async () => ((await counts()) === undefined ? 0 : 1),
  })
  families.gauge({
    name: 'pmesh_jobs',
    help: 'Jobs, by name and state',
    labels: ['name', 'state'],
    read: async () =>
      bounded(
        [...((await counts()) ?? [])].flatMap(([name, states]) =>
          Object.entries(states).map(([state, count]) => [{ name, state }, count] as const),
        ),
      ),
  })
  families.counter({
    name: 'pmesh_job_events_total',
    help: 'What happened to jobs in this process, by name and event',
    labels: ['name', 'event'],
    read: () => perName(({ active: _, attempts: __, attemptMs: ___, ...events }) => events, 'event'),
  })
  families.counter({
    name: 'pmesh_job_attempts_total',
    help: 'Attempts at jobs that ended in this process',
    labels: ['name'],
    read: () => bounded([...queue.metrics()].map(([name, { attempts }]) => [{ name }, attempts])),
  })
  families.counter({
    name: 'pmesh_job_attempt_seconds_total',
    help: 'How long these attempts took together',
    labels: ['name'],
    read: () => bounded([...queue.metrics()].map(([name, { attemptMs }]) => [{ name }, attemptMs / 1_000])),
  })
  families.gauge({
    name: 'pmesh_binding_behind_messages',
    help: 'Messages that a binding has not made jobs of yet; 1000 are as many or more',
    labels: ['source', 'job'],
    read: async () =>
      (await bindings()).flatMap(({ source, job, behind }) =>
        behind === undefined ? [] : [[{ source, job }, behind] as const],
      ),
  })
  families.gauge({
    name: 'pmesh_binding_blocked',
    help: '1 if a binding cannot go on',
    labels: ['source', 'job'],
    read: async () =>
      (await bindings()).map(({ source, job, blocked }) => [{ source, job }, blocked === undefined ? 0 : 1]),
  })

  function perName(
    of: (
      metrics: Parameters<Parameters<ReturnType<Queue['metrics']>['forEach']>[0]>[0],
    ) => Record<string, number>,
    label: string,
  ): Samples {
    return bounded(
      [...queue.metrics()].flatMap(([name, metrics]) =>
        Object.entries(of(metrics)).map(([event, count]) => [{ name, [label]: event }, count] as const),
      ),
    )
  }
}

/** @param names that have labels of their own: as long as there is room, those of the samples become such */
export function mergeNames(samples: Samples, names: Set<string>): Samples {
  const merged = new Map<string, Samples[number]>()
  for (const [labels, value] of samples) {
    const { name = OTHER } = labels
    if (names.size < MAX_NAMES) names.add(name)
    const given = names.has(name) ? labels : { ...labels, name: OTHER }
    const key = JSON.stringify(given)
    merged.set(key, [given, (merged.get(key)?.[1] ?? 0) + value])
  }
  return [...merged.values()]
}
