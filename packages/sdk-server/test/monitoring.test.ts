import { request } from 'node:http'
import { expect, test, vi } from 'vitest'
import { mergeNames } from '../src/monitoring/queue-families.ts'
import { query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

/** The value of a line of the page. */
function sampleOf(page: string, series: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

async function pageOf(url: string | undefined): Promise<string> {
  const answer = await fetch(`${url}/metrics`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toContain('text/plain')
  return answer.text()
}

test('the page for Prometheus has what the node counts, every reason for a drop included', async () => {
  const { server, node, queue, path } = await openServer({ monitoring: {} })
  await node.publishMany('prices', [{ text: 'a' }, { text: 'b' }])
  queue.registerHandler('greet', () => {})
  const { id } = await queue.add('greet', {})
  await queue.waitFor(id)
  await query(path, 'admin.status')
  await query(path, 'admin.jobs.show', { id: 'nonsense' })
  const page = await pageOf(server.monitoringUrl)
  expect(sampleOf(page, 'pmesh_published_messages_total')).toBe(2)
  expect(sampleOf(page, 'pmesh_store_messages')).toBe(2)
  for (const reason of Object.keys(node.counters.dropped)) {
    expect(sampleOf(page, `pmesh_dropped_batches_total{reason="${reason}"}`), reason).toBe(0)
  }
  expect(sampleOf(page, 'pmesh_topic_peers{topic="prices"}')).toBeUndefined()
  expect(sampleOf(page, 'pmesh_job_events_total{name="greet",event="done"}')).toBe(1)
  expect(sampleOf(page, 'pmesh_jobs{name="greet",state="done"}')).toBe(1)
  expect(sampleOf(page, 'pmesh_queue_up')).toBe(1)
  expect(sampleOf(page, 'pmesh_api_calls_total{procedure="admin.status",code="OK"}')).toBe(1)
  expect(sampleOf(page, 'pmesh_api_calls_total{procedure="admin.jobs.show",code="NOT_FOUND"}')).toBe(1)
  expect(sampleOf(page, 'pmesh_store_writable')).toBe(1)
  expect(page).toContain('process_resident_memory_bytes')
  expect(page).toContain('nodejs_eventloop_lag_p99_seconds')
})

test('each family says what it is, in units of its name, and none is there twice', async () => {
  const { server } = await openServer({ monitoring: {} })
  const page = await pageOf(server.monitoringUrl)
  const families = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }))
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
  const own = families.filter(({ name }) => name.startsWith('pmesh_'))
  expect(own.length).toBeGreaterThan(35)
  for (const { name, type } of own) {
    expect(page, name).toMatch(new RegExp(`^# HELP ${name} .{10,}$`, 'm'))
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
  }
})

test('a procedure that nobody has made becomes no label', async () => {
  const { server, path } = await openServer({ monitoring: {} })
  await query(path, 'service.thereIsNone')
  expect(await pageOf(server.monitoringUrl)).not.toContain('thereIsNone')
})

test('a node that is well lives and is ready, on the port of the API too', async () => {
  const { server } = await openServer({ monitoring: {}, http: {} })
  for (const url of [server.url, server.monitoringUrl]) {
    expect(await (await fetch(`${url}/livez`)).json()).toEqual({ live: true })
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toEqual({ ready: true, reasons: [] })
  }
})

test('the port of the API tells why it is not ready by codes alone, and looks once a second', async () => {
  const { server, queue } = await openServer({ http: {} })
  await queue.stop({ timeoutMs: 0, graceMs: 0 })
  const counts = vi.spyOn(queue, 'counts')
  const ask = async () => {
    const answer = await fetch(`${server.url}/readyz`)
    return [answer.status, await answer.json()]
  }
  const answers = await Promise.all([ask(), ask(), ask()])
  expect(answers).toEqual(Array(3).fill([503, { ready: false, reasons: [{ code: 'queue' }] }]))
  expect(counts).toHaveBeenCalledTimes(1)
})

test('metrics are for who asks for an address, localhost or a name of the API, not for pages of other names', async () => {
  const { server } = await openServer({ monitoring: {}, http: { allowedHosts: ['node.example'] } })
  const port = Number(new URL(server.monitoringUrl ?? '').port)
  const statusFor = (host: string, path = '/metrics') =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = request({ port, path, headers: { host }, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      call.once('error', reject)
      call.end()
    })
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example']) {
    expect([host, await statusFor(host)]).toEqual([host, 421])
  }
  for (const host of [`localhost:${port}`, '192.0.2.1:7125', '[2001:db8::1]:7125', 'node.example']) {
    expect([host, await statusFor(host)]).toEqual([host, 200])
  }
  expect(await statusFor('whatever', '/livez')).toBe(200)
})

test('a family that cannot be read is empty and reported, and the page has all others', async () => {
  const { server, node, errors } = await openServer({ monitoring: {} })
  vi.spyOn(node, 'knownNodes').mockImplementation(() => {
    throw new Error('no book')
  })
  const page = await pageOf(server.monitoringUrl)
  expect(page).toContain('# TYPE pmesh_known_nodes gauge')
  expect(sampleOf(page, 'pmesh_known_nodes')).toBeUndefined()
  expect(sampleOf(page, 'pmesh_store_writable')).toBe(1)
  expect(errors.map(({ message }) => message)).toEqual([
    'the metric pmesh_known_nodes cannot be read: no book',
  ])
})

test('what cannot be answered is reported, and the connection is closed', async () => {
  const { server, node, errors } = await openServer({ monitoring: {} })
  vi.spyOn(node, 'bootstrap').mockImplementation(() => {
    throw new Error('no list')
  })
  await expect(fetch(`${server.monitoringUrl}/readyz`)).rejects.toThrow('fetch failed')
  expect(errors.map(({ message }) => message)).toEqual(['/readyz could not be answered: no list'])
})

test('of names of jobs two hundred are labels, and all others one', () => {
  const names = new Set<string>()
  const samples = Array.from({ length: 250 }, (_, i) => [{ name: `job-${i}`, state: 'done' }, 2] as const)
  const merged = mergeNames(samples, names)
  expect(merged).toHaveLength(201)
  expect(merged.at(-1)).toEqual([{ name: 'other', state: 'done' }, 100])
  expect(mergeNames(samples.toReversed(), names)).toContainEqual([{ name: 'job-0', state: 'done' }, 2])
})

test('a node that reaches nobody, or whose queue does not answer, lives, and says why it is not ready', async () => {
  const { server, queue } = await openServer({
    monitoring: {},
    bootstrap: ['/ip4/127.0.0.1/tcp/9'],
  })
  await queue.stop({ timeoutMs: 0, graceMs: 0 })
  const ready = await fetch(`${server.monitoringUrl}/readyz`)
  expect(ready.status).toBe(503)
  const { reasons } = (await ready.json()) as { reasons: { code: string; reason: string }[] }
  expect(reasons.map(({ code }) => code)).toEqual(['alone', 'queue'])
  for (const { reason } of reasons) expect(reason).not.toBe('')
  expect((await fetch(`${server.monitoringUrl}/livez`)).status).toBe(200)
  expect(sampleOf(await pageOf(server.monitoringUrl), 'pmesh_queue_up')).toBe(0)
})

test('a port that is taken is said', async () => {
  const { server } = await openServer({ monitoring: {} })
  const port = Number(new URL(server.monitoringUrl ?? '').port)
  await expect(openServer({ monitoring: { port } })).rejects.toMatchObject({ code: 'ERR_METRICS_LISTEN' })
})
