import { describe, expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { sharedJobNode } from './fixtures/shared-job-node.ts'

const { pmesh, api } = sharedJobNode()

describe('pmesh schedules', () => {
  it('sets, lists and removes them; each tick is a job', async () => {
    expect((await pmesh('schedules')).stderr).toMatch(
      /^pmesh: there are no schedules: "pmesh schedules set ID NAME --every 1h/,
    )
    const set = await pmesh(
      ...['schedules', 'set', 'nightly', 'report', '{"of":"day"}'],
      ...['--cron', '0 3 * * *', '--time-zone', 'Europe/Vienna', '--priority', '5'],
    )
    expect(set.stdout).toMatch(/^set {2}nightly {2}0 3 \* \* \* \(Europe\/Vienna\); next 20\S+Z \(in /)
    expect(set.stderr).toBe('pmesh: nothing in this node does jobs of the name report: they wait\n')
    await pmesh('schedules', 'set', 'quick', 'works', '--every', '100ms', '--max-ticks', '2')
    await waitUntil(
      async () => (await api().jobs.list.query({ status: 'done', name: 'works' })).jobs.length === 2,
      {
        what: 'two ticks to be done',
      },
    )
    const [{ stdout }, asJson] = await Promise.all([pmesh('schedules', 'list'), pmesh('schedules', '--json')])
    expect(stdout).toMatch(/^ID +WHEN +NEXT +TICKS +NAME +DATA$/m)
    expect(stdout).toMatch(
      /^nightly +0 3 \* \* \* \(Europe\/Vienna\) +20\S+Z \(in .*\) +0 +report \(no handler\) +{"of":"day"}$/m,
    )
    expect(stdout).toMatch(/^quick +every 100ms +never: it is over +2 of 2 +works +null$/m)
    expect(JSON.parse(asJson.stdout)).toMatchObject([
      { id: 'nightly', priority: 5 },
      { id: 'quick', ticks: 2 },
    ])

    expect((await pmesh('schedules', 'remove', 'nightly')).stdout).toMatch(/^removed {2}nightly: /)
    const again = await pmesh('schedules', 'remove', 'nightly')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toMatch(
      /there is no schedule nightly; "pmesh schedules list .* shows those there are \(ERR_SCHEDULE_UNKNOWN\)/,
    )
  })

  it.concurrent.each([
    [['bad', 'works'], /error: give --every, or --cron/],
    [['bad', 'works', '--every', '1x'], /Give a time such as 500ms, 30s, 10m, 2h, 1d\./],
    [['bad', 'works', '--every', '1h', '--cron', '* * * * *'], /cannot be used with option/],
    [['bad', 'works', '--cron', 'now'], /"now" is no cron expression: .*\(ERR_SCHEDULE\)/],
    [['-', 'works', '--every', '1h'], /"-" is no id of a schedule.*\(ERR_SCHEDULE\)/],
  ])('set %j is refused with what is wrong', async (args, complaint) => {
    const { code, stdout, stderr } = await pmesh('schedules', 'set', ...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(complaint)
  })
})
