import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { addMetrics } from '../src/monitoring/own-metrics.ts'

test('metrics of a plugin are under its prefix, each with its kind', async () => {
  const registry = new Registry()
  const metrics = addMetrics(registry, 'pmesh_ext_greeter', {
    greetings: { type: 'counter', help: 'Greetings', labels: ['who'] },
    openFiles: { type: 'gauge', help: 'Open files' },
    callSeconds: { type: 'histogram', help: 'How long calls took', buckets: [0.1, 1] },
  })
  metrics.greetings.inc(2, { who: 'you' })
  metrics.openFiles.set(7)
  metrics.callSeconds.observe(0.5)
  const page = await registry.metrics()
  expect(page).toContain('pmesh_ext_greeter_greetings_total{who="you"} 2')
  expect(page).toContain('pmesh_ext_greeter_open_files 7')
  expect(page).toContain('pmesh_ext_greeter_call_seconds_bucket{le="1"} 1')
})

test('labels that others choose do not grow the page without end', async () => {
  const registry = new Registry()
  const { calls } = addMetrics(registry, 'pmesh_ext_x', {
    calls: { type: 'counter', help: 'Calls', labels: ['who'] },
  })
  for (let n = 0; n < 10_000; n += 1) calls.inc(1, { who: `name-${n}` })
  const lines = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('pmesh_ext_x_calls_total{'))
  expect(lines).toHaveLength(201)
  expect(lines).toContain('pmesh_ext_x_calls_total{who="other"} 9800')
  calls.inc(1, { who: 'name-0' })
  expect(await registry.metrics()).toContain('pmesh_ext_x_calls_total{who="name-0"} 2')
})
