import { afterEach, describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedJobNode } from './fixtures/shared-job-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const { pmesh, added, api } = sharedJobNode()

afterEach(async () => {
  const { jobs } = api()
  for (const { id } of (await jobs.list.query({ status: 'running' })).jobs) await jobs.cancel.mutate({ id })
  for (const status of ['waiting', 'delayed', 'done', 'failed', 'cancelled'] as const) {
    await jobs.clear.mutate({ status })
  }
})

describe('pmesh jobs', () => {
  it('shows how the queue stands: what waits for nobody, what is paused, what runs and what failed', async () => {
    const endless = await added('running', 'endless')
    const failed = await added('failed', 'fails', { to: 'a' })
    const unhandled = await added('waiting', 'mail', { to: 'b' })
    await api().jobs.pause.mutate({ name: 'works' })
    await added('waiting', 'works')
    const [{ code, stdout, stderr }, status, asJson] = await Promise.all([
      pmesh('jobs'),
      pmesh('status'),
      pmesh('jobs', '--json'),
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^ {2}queue +2 waiting, 1 running, 0 delayed, 1 failed: "pmesh jobs list failed --data \S+" says why$/m,
      /^ {2}paused +works: "pmesh jobs resume NAME --data \S+" lets them start$/m,
      /^ {2}no handler +mail \(1\): nothing in this node does them/m,
      /^ {2}NAME +WAITING +RUNNING +DELAYED +FAILED +DONE +HANDLER$/m,
      /^ {2}mail +1 +0 +0 +0 +0 +no handler$/m,
      /^ {2}works +1 +0 +0 +0 +0 +paused$/m,
      /^ {2}endless +0 +1 +0 +0 +0 +ok$/m,
      new RegExp(`^ {2}${endless} +\\d+ s +0 +- +null$`, 'm'),
      new RegExp(`^ {2}${failed} +\\d+ s ago +1 +the far end does not answer$`, 'm'),
    ])
      expect(stdout).toMatch(line)
    expect(stdout).not.toContain(unhandled)

    expect(status.stdout).toMatch(/^Jobs\n {2}queue +2 waiting, 1 running, 0 delayed, 1 failed/m)
    expect(status.stdout).toMatch(/^ {2}no handler +mail \(1\): /m)
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      isPaused: false,
      totals: { waiting: 2, running: 1, failed: 1 },
      running: [{ id: endless }],
      failed: [{ id: failed, failure: { message: 'the far end does not answer' } }],
    })
    expect((await pmesh('jobs', 'resume', 'works')).stdout).toBe('resumed  works\n')
  })

  it('lists the jobs of a state, and goes on where a list ended', async () => {
    const ids: string[] = []
    for (const n of [1, 2, 3]) ids.push(await added('waiting', 'mail', { n }))
    const first = await pmesh('jobs', 'list', 'waiting', '--limit', '2')
    expect(first.stdout).toMatch(/^ID +ADDED +PRIORITY +FAILURES +WAITS FOR +DATA$/m)
    expect(first.stdout).toMatch(new RegExp(`^${ids[0]} .* a handler +{"n":1}$`, 'm'))
    const [, after = ''] = /--after (\S+) the next ones/.exec(first.stderr) ?? []
    const [next, none] = await Promise.all([
      pmesh('jobs', 'list', 'waiting', '--after', after, '--json'),
      pmesh('jobs', 'list', 'expired', '--name', 'mail'),
    ])
    expect(JSON.parse(next.stdout).jobs.map((job: { id: string }) => job.id)).toEqual([ids[2]])
    expect(none).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'pmesh: no job of the name mail is expired\n',
    })
  })

  it('shows all there is of a job', async () => {
    const done = await added('done', 'works', { n: 1 }, { priority: 7, dedupKey: 'one' })
    const failed = await added('failed', 'fails')
    const waiting = await added('waiting', 'mail')
    const [{ stdout }, again, ...others] = await Promise.all([
      pmesh('jobs', 'show', done),
      pmesh('jobs', 'add', 'works', '--dedup-key', 'one'),
      pmesh('jobs', 'show', failed),
      pmesh('jobs', 'show', waiting),
    ])
    for (const line of [
      new RegExp(`^job +${done}$`, 'm'),
      /^status +done$/m,
      /^data +{"n":1}$/m,
      /^priority +7$/m,
      /^attempts +1$/m,
      /^progress +{"percent":50}$/m,
      /^result +{"got":{"n":1}}$/m,
      /^dedup key +one$/m,
      /^Steps\n {2}reckon +{"got":{"n":1}}$/m,
      /^Log\n {2}\d{4}-\S+ +a line of the log$/m,
    ])
      expect(stdout).toMatch(line)
    expect(again).toMatchObject({ stdout: `${done}\n`, stderr: expect.stringContaining('nothing was added') })

    expect(others[0]?.stdout).toMatch(/^attempts +1, of which 1 failed$/m)
    expect(others[0]?.stdout).toMatch(/^failure +the far end does not answer$/m)
    expect(others[0]?.stdout).toMatch(/^Where it failed\n {2}at .*job-node\.ts/m)
    expect(others[1]?.stdout).toMatch(/^status +waiting for a handler: nothing in this node does it$/m)
  })

  it('adds a job that runs later, and not too late', async () => {
    const args = ['--at', '10m', '--expires', '1h', '--attempts', '2', '--timeout', '5s', '--json']
    const { code, stdout } = await pmesh('jobs', 'add', 'works', '{"n":1}', ...args)
    expect(code).toBe(0)
    const { id } = JSON.parse(stdout)
    const job = await api().jobs.show.query({ id })
    expect(job).toMatchObject({ status: 'delayed', data: { n: 1 } })
    expect((job.runAtMs ?? 0) - job.createdAtMs).toBeGreaterThan(9 * 60_000)
    expect((job.expiresAtMs ?? 0) - (job.runAtMs ?? 0)).toBeGreaterThan(49 * 60_000)
  })

  it('retries, cancels and removes jobs, one, several or all', async () => {
    const first = await added('failed', 'fails')
    const second = await added('failed', 'fails')
    await api().jobs.pause.mutate({ name: 'fails' })
    expect(await pmesh('jobs', 'retry', first)).toMatchObject({ code: 0, stdout: `retried  ${first}\n` })
    expect((await pmesh('jobs', 'retry', '--failed', '--name', 'fails')).stdout).toBe('retried  1 job\n')
    const cancelled = await pmesh('jobs', 'cancel', first, 'none:x', second, first)
    expect(cancelled).toMatchObject({
      code: 1,
      stdout: `cancelled  ${first}\ncancelled  ${second}\n`,
      stderr: expect.stringMatching(/there is no job none:x.*"pmesh jobs list --data .*\(ERR_JOB_UNKNOWN\)/),
    })
    expect(cancelled.stderr).toContain(`${first} was not cancelled: it is cancelled already`)
    expect((await pmesh('jobs', 'remove', first)).stdout).toBe(`removed  ${first}\n`)
    expect((await pmesh('jobs', 'remove', '--all', 'cancelled')).stdout).toBe('removed  1 job\n')
    expect((await api().jobs.stats.query()).totals).toMatchObject({ waiting: 0, failed: 0, cancelled: 0 })
    await api().jobs.resume.mutate({ name: 'fails' })
  })

  it('warns when it pauses or resumes what has no jobs and no handler: the name may be mistyped', async () => {
    const unknown =
      /there are no jobs of the name wroks, and nothing in this node does any; there are: .*works/
    const paused = await pmesh('jobs', 'pause', 'wroks')
    expect(paused.stderr).toMatch(unknown)
    expect((await pmesh('jobs', 'resume', 'wroks')).stderr).toMatch(unknown)
    expect((await pmesh('jobs', 'resume', 'works')).stderr).toBe('')
  })

  it('warns the same when it retries or removes all of such a name', async () => {
    const unknown = /there are no jobs of the name wroks, .*; there are: .*works/
    expect(await pmesh('jobs', 'retry', '--failed', '--name', 'wroks')).toMatchObject({
      code: 0,
      stdout: 'retried  0 jobs\n',
      stderr: expect.stringMatching(unknown),
    })
    const removed = await pmesh('jobs', 'remove', '--all', 'failed', '--name', 'wroks')
    expect(removed.stderr).toMatch(unknown)
  })

  it('pauses everything, and says so until it is resumed', async () => {
    expect((await pmesh('jobs', 'pause')).stdout).toMatch(
      /^paused {2}everything: .* until "pmesh jobs resume --data /,
    )
    expect((await pmesh('status')).stdout).toMatch(/^ {2}paused +everything: no job starts until/m)
    expect((await pmesh('jobs', 'resume', 'works')).stderr).toMatch(/the whole queue is paused/)
    expect((await pmesh('jobs', 'resume')).stdout).toBe('resumed  everything\n')
    expect((await pmesh('status')).stdout).not.toContain('paused')
  })

  it('counts by name, and what was done since the start', async () => {
    await added('done', 'works')
    const { stdout } = await pmesh('jobs', 'stats')
    expect(stdout).toMatch(/^NAME +WAITING +RUNNING +DELAYED +DONE +FAILED .* ATTEMPTS +RETRIED +AVERAGE$/m)
    expect(stdout).toMatch(/^works +0 +0 +0 +1 +0 +0 +0 +\d+ +0 +\d+(\.\d)? m?s$/m)
    expect(stdout).toMatch(/^all +0 +0 +0 +1 /m)
  })

  it.concurrent.each([
    [['show', 'works:none'], /there is no job works:none.*; "pmesh jobs list .* shows.*\(ERR_JOB_UNKNOWN\)/],
    [['add', 'no/name'], /"no\/name" is no name of a job.*\(ERR_JOB_NAME\)/],
    [['add', 'works', '{'], /the data is not JSON: .*\(ERR_JOB_DATA\)/],
    [['retry'], /error: give ids, or --failed/],
    [['remove'], /error: give ids, or --all STATE/],
    [['list', '--name', 'works'], /error: say of which state: waiting, /],
    [['list', 'lost'], /Allowed choices are waiting, delayed, /],
    [['add', 'works', '--priority', '101'], /Give a whole number from -100 to 100\./],
  ])('%j is refused with what to do', async (args, complaint) => {
    const { code, stdout, stderr } = await pmesh('jobs', ...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(complaint)
  })

  it('refuses to remove a job that runs, and says what to do before', async () => {
    const id = await added('running', 'endless')
    const { code, stderr } = await pmesh('jobs', 'remove', id)
    expect(code).toBe(1)
    expect(stderr).toMatch(/is running: cancel it first; "pmesh jobs cancel ID --data .*\(ERR_JOB_RUNNING\)/)
  })

  it('says which command starts the node when none runs', async () => {
    const dataDir = await temporaryFolder()
    const { code, stderr } = await runCli(['jobs', '--data', dataDir])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/start one with "pmesh start --data .*\(ERR_NO_NODE\)/),
    })
  })
})
