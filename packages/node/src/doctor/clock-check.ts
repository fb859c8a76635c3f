import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { describeClock } from '../cli/describe-standing.ts'
import type { Check, CheckContext, Finding } from './check.ts'

/** Whoever asks the system waits no longer for it. */
const ASK_MS = 3_000
/** How long it is watched for being set. */
const WATCH_MS = 250
/** NTP that works moves it by less than a millisecond in that time. */
const STEP_MS = 100
const NTP_ADVICE =
  'let NTP set it: "timedatectl set-ntp true", or install chrony; "timedatectl" shows what it does'

/** Whether the clock is right: what is signed carries its time, and others do not take what is from the future or too old. */
export const clockCheck: Check = {
  name: 'clock',
  timeoutMs: 10_000,
  async run({ node }, signal) {
    const stepMs = watchSteps()
    const [found] = await Promise.all([peersFinding(node) ?? ntpFinding(signal), delay(WATCH_MS)])
    return [found, ...stepFinding(stepMs())]
  },
}

/** @returns by how much the wall clock has moved against the monotonic one since */
function watchSteps(): () => number {
  const epochMs = () => Date.now() - performance.now()
  const beganMs = epochMs()
  return () => Math.round(epochMs() - beganMs)
}

export function stepFinding(stepMs: number): Finding[] {
  if (Math.abs(stepMs) < STEP_MS) return []
  return [
    {
      state: 'warning',
      message: `it was set by ${stepMs} ms while it was looked at`,
      advice:
        'see that one service alone sets it: "timedatectl", "systemctl status chrony ntp systemd-timesyncd"',
      measured: { stepMs },
    },
  ]
}

/** Undefined: no peer was measured. */
function peersFinding(node: CheckContext['node']): Finding | undefined {
  if (node.kind !== 'running') return undefined
  const { clock } = node.status.standing
  if (clock.offsetMs === undefined) return undefined
  const measured = { offsetMs: clock.offsetMs, peers: clock.peers, against: 'peers' }
  if (clock.state !== 'ok') {
    return {
      state: clock.state === 'wrong' ? 'failed' : 'warning',
      message: describeClock(clock),
      advice: NTP_ADVICE,
      measured,
    }
  }
  const { offsetMs, peers } = clock
  const message = `${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead of'} the median of ${peers} ${peers === 1 ? 'peer' : 'peers'}`
  return { state: 'ok', message, measured }
}

/** What the services that set clocks say. The node itself asks no server of anybody's. */
async function ntpFinding(signal: AbortSignal): Promise<Finding> {
  const shown = await run('timedatectl', ['show', '--property=NTPSynchronized', '--property=NTP'], signal)
  const synchronised = /^NTPSynchronized=(yes|no)$/m.exec(shown ?? '')?.[1]
  if (synchronised !== undefined) {
    const isSet = synchronised === 'yes'
    const measured = { against: 'timedatectl', isSynchronised: isSet }
    if (isSet) return { state: 'ok', message: 'the system says that it is synchronised by NTP', measured }
    const isOn = /^NTP=yes$/m.test(shown ?? '')
    return {
      state: 'warning',
      message: `the system says that it is not synchronised${isOn ? ' yet, though NTP is on' : ': NTP is off'}`,
      advice: isOn ? 'see "timedatectl timesync-status": its server may be out of reach' : NTP_ADVICE,
      measured,
    }
  }
  const tracking = await run('chronyc', ['-n', 'tracking'], signal)
  const [, seconds, direction] = /^System time\s*:\s*([\d.]+) seconds (slow|fast)/m.exec(tracking ?? '') ?? []
  if (seconds !== undefined && !/^Leap status\s*:\s*Not synchronised/m.test(tracking ?? '')) {
    const offsetMs = Number(seconds) * 1_000 * (direction === 'fast' ? 1 : -1)
    return {
      state: 'ok',
      message: `chrony says that it is ${Math.abs(offsetMs).toFixed(1)} ms ${direction}`,
      measured: { against: 'chronyc', offsetMs },
    }
  }
  if (seconds !== undefined) {
    return {
      state: 'warning',
      message: 'chrony says that it is not synchronised',
      advice: 'see "chronyc sources": its servers may be out of reach',
      measured: { against: 'chronyc', isSynchronised: false },
    }
  }
  return {
    state: 'not-checked',
    message: `no peer was measured, and neither timedatectl nor chronyc answers; it shows ${new Date().toISOString()}: compare it yourself`,
  }
}

/** What a command prints; undefined: there is none, or it failed. */
function run(command: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  execFile(
    command,
    args,
    { timeout: ASK_MS, killSignal: 'SIGKILL', signal, env: { ...process.env, LC_ALL: 'C' } },
    (error, stdout) => resolve(error === null ? stdout : undefined),
  )
  return promise
}
