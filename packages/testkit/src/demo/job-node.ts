/**
 * A node of the demo that makes a job of each message of a topic: `node job-node.ts <configuration as JSON>`. The job
 * says which message it was of, and what its hash is; it is kept until the end of the demo.
 */
import { type ControllerConfig, createController, stopOnSignal } from '@pastel-mesh/node'
import { hashOf } from './check-demo.ts'
import { DEMO_JOB } from './check-jobs.ts'

type Jobs = { [DEMO_JOB]: { data: { id: string; hash: string } } }

const config: ControllerConfig = JSON.parse(process.argv[2] ?? '{}')
const controller = await createController<Jobs>({
  ...config,
  // Each is looked at when all are done.
  queue: { retention: { done: { maxCount: 1_000_000_000 } } },
})
for (const topic of config.topics ?? []) {
  controller.onMessage(topic, DEMO_JOB, ({ id, body }) => ({ id, hash: hashOf(body) }))
}
controller.queue.registerHandler(DEMO_JOB, ({ data, log }) => log(`${data.id} ${data.hash}`))
const ended = stopOnSignal(() => controller.stop(), console.log)
await controller.start()
process.exit(await ended)
