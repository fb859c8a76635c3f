import { ask } from './ask.ts'
import type { Finding } from './check.ts'

/** What says that there is nothing for whoever asked. */
const KEPT: readonly number[] = [401, 403, 404, 421]

/** Of what is answered no more is read. */
const MAX_BYTES = 4_096

/** What is for this machine alone, and what its answer looks like. */
const HIDDEN: readonly {
  readonly path: string
  readonly state: 'failed' | 'warning'
  readonly isIt: RegExp
  readonly why: string
}[] = [
  { path: '/metrics', state: 'failed', isIt: /^# (HELP|TYPE) /m, why: 'everybody can read the metrics' },
  {
    path: '/readyz',
    state: 'warning',
    isIt: /"ready":/,
    why: 'everybody can see when the node is not ready',
  },
]

/** Whether what is for the machine alone is kept from who comes through a proxy. */
export async function pathsFinding(url: string, signal: AbortSignal): Promise<Finding> {
  const answers = await Promise.all(
    HIDDEN.map(async (hidden) => ({ ...hidden, ...(await answerOf(new URL(hidden.path, url), signal)) })),
  )
  const measured = Object.fromEntries(answers.map(({ path, status }) => [path, status]))
  const shown = answers.filter(({ isIt, text }) => isIt.test(text))
  const open = answers.filter((one) => !shown.includes(one) && one.unknown !== undefined)
  const unknown = open.map(({ path, unknown }) => `of ${path} it is not known: ${unknown}`)
  if (shown.length === 0) {
    const kept = answers.filter((one) => !open.includes(one)).map(({ path, status }) => `${path} ${status}`)
    const told = kept.length === 0 ? [] : [`what is for this machine alone is kept: ${kept.join(', ')}`]
    return {
      state: open.length === 0 ? 'ok' : 'not-checked',
      message: [...told, ...unknown].join('; '),
      measured,
    }
  }
  return {
    state: shown.some(({ state }) => state === 'failed') ? 'failed' : 'warning',
    message: [...shown.map(({ path, why }) => `${why} (${path})`), ...unknown].join('; '),
    advice: `nginx: ${shown.map(({ path }) => `location = ${path} { return 404; }`).join(' ')}`,
    measured,
  }
}

interface Answer {
  /** 0: none came. */
  readonly status: number
  readonly text: string
  /** Why it does not tell what others get there. */
  readonly unknown?: string
}

async function answerOf(url: URL, signal: AbortSignal): Promise<Answer> {
  const asked = await ask(url, { signal })
  if (asked.kind === 'unreached') return { status: 0, text: '', unknown: `${asked.reason} (${asked.at})` }
  if (asked.kind === 'upgraded')
    return { status: 101, text: '', unknown: 'it answered with another protocol' }
  const { response } = asked
  const { statusCode: status = 0 } = response
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk
      if (text.length >= MAX_BYTES) break
    }
  } catch {
    // What came until then may show what it is.
    return { status, text, unknown: signal.aborted ? 'no answer in time' : 'the answer was cut off' }
  }
  const isKnown = KEPT.includes(status) || (status >= 200 && status < 400)
  return { status, text, ...(isKnown ? {} : { unknown: `HTTP ${status}` }) }
}
