import type { Queue } from '@pastel-mesh/queue'
import type { Registry } from 'prom-client'
import type { BindingStatus } from '../admin/binding-status.ts'
import { queueAnswer } from '../admin/queue-answer.ts'
import { addCounter, addGauge, type Samples } from './families.ts'

/** A page of metrics does not wait longer for a queue whose server is gone. */
const ANSWER_MS = 2_000

export interface QueueFamiliesComponents {
  readonly queue: Queue
  readonly bindings: () => Promise<BindingStatus[]>
}

/** Jobs, and what makes them of messages. */
export function addQueueFamilies(registry: Registry, { queue, bindings }: QueueFamiliesComponents): void {
  const counts = () => queueAnswer(queue.counts(), ANSWER_MS).catch(() => undefined)
  addGauge(registry, {
    name: 'pmesh_queue_up',
    help: '1 if the queue answers',
    read: async () => ((await counts()) === undefined ? 0 : 1),
  })
  addGauge(registry, {
    name: 'pmesh_jobs',
    help: 'Jobs, by name and state',
    labels: ['name', 'state'],
    read: async () =>
      [...((await counts()) ?? [])].flatMap(([name, states]) =>
        Object.entries(states).map(([state, count]) => [{ name, state }, count] as const),
      ),
  })
  addCounter(registry, {
    name: 'pmesh_job_events_total',
    help: 'What happened to jobs in this process, by name and event',
    labels: ['name', 'event'],
    read: () => perName(({ active: _, attempts: __, attemptMs: ___, ...events }) => events, 'event'),
  })
  addCounter(registry, {
    name: 'pmesh_job_attempts_total',
    help: 'Attempts at jobs that ended in this process',
    labels: ['name'],
    read: () => [...queue.metrics()].map(([name, { attempts }]) => [{ name }, attempts]),
  })
  addCounter(registry, {
    name: 'pmesh_job_attempt_seconds_total',
    help: 'How long these attempts took together',
    labels: ['name'],
    read: () => [...queue.metrics()].map(([name, { attemptMs }]) => [{ name }, attemptMs / 1_000]),
  })
  addGauge(registry, {
    name: 'pmesh_binding_behind_messages',
    help: 'Messages that a binding has not made jobs of yet; 1000 are as many or more',
    labels: ['source', 'job'],
    read: async () =>
      (await bindings()).flatMap(({ source, job, behind }) =>
        behind === undefined ? [] : [[{ source, job }, behind] as const],
      ),
  })
  addGauge(registry, {
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
    return [...queue.metrics()].flatMap(([name, metrics]) =>
      Object.entries(of(metrics)).map(([event, count]) => [{ name, [label]: event }, count] as const),
    )
  }
}
