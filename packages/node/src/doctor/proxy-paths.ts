import { ask } from './ask.ts'
import type { Finding } from './check.ts'

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
  if (shown.length === 0) {
    const paths = answers.map(({ path, status }) => `${path} ${status}`)
    return { state: 'ok', message: `what is for this machine alone is kept: ${paths.join(', ')}`, measured }
  }
  return {
    state: shown.some(({ state }) => state === 'failed') ? 'failed' : 'warning',
    message: shown.map(({ path, why }) => `${why} (${path})`).join('; '),
    advice: `nginx: ${shown.map(({ path }) => `location = ${path} { return 404; }`).join(' ')}`,
    measured,
  }
}

async function answerOf(url: URL, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const asked = await ask(url, { signal })
  if (asked.kind !== 'answered') return { status: 0, text: '' }
  const { response } = asked
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk
      if (text.length >= MAX_BYTES) break
    }
  } catch {
    // What came until then shows what it is.
  }
  return { status: response.statusCode ?? 0, text }
}
