import type { OptionValues } from 'commander'
import { findDataDir } from '../config/load-config.ts'
import type { Finding, State } from '../doctor/check.ts'
import { CHECKS } from '../doctor/checks.ts'
import { examine } from '../doctor/examine.ts'
import { placesOf } from './config-options.ts'
import { json, print } from './output.ts'
import { columns } from './terminal/columns.ts'
import { counted } from './terminal/figures.ts'
import { paint, type Tone } from './terminal/paint.ts'

const SHOWN: Record<State, { readonly text: string; readonly tone: Tone }> = {
  ok: { text: 'ok', tone: 'good' },
  warning: { text: 'warning', tone: 'caution' },
  failed: { text: 'failed', tone: 'bad' },
  'not-checked': { text: 'not checked', tone: 'quiet' },
}
const STATE_WIDTH = 'not checked'.length
const NAME_WIDTH = Math.max(...CHECKS.map(({ name }) => name.length))

/** Makes all checks, and tells what they found. @returns the exit code: 1 if something failed */
export async function doctor(options: OptionValues): Promise<number> {
  const places = placesOf(options)
  // What is wrong with where it looks is said before.
  findDataDir(places)
  const all: (Finding & { readonly check: string })[] = []
  await examine(places, (check, findings) => {
    for (const finding of findings) {
      all.push({ check, ...finding })
      if (options.json !== true) print(describeFinding(check, finding))
    }
  })
  if (options.json === true) print(json(all, 2))
  else print(`\n${summary(all)}`)
  return all.some(({ state }) => state === 'failed') ? 1 : 0
}

/** A line, and where something is not as it should be one more with what to do. */
function describeFinding(check: string, { state, subject, message, advice }: Finding): string {
  const { text, tone } = SHOWN[state]
  const about = subject === undefined || message.includes(subject) ? message : `${subject}: ${message}`
  const line = columns([[{ text: text.padEnd(STATE_WIDTH), tone }, check.padEnd(NAME_WIDTH), about]])
  if (advice === undefined) return line
  const indent = ' '.repeat(STATE_WIDTH + NAME_WIDTH + 4)
  return `${line}\n${columns([[`→ ${advice}`]], { indent })}`
}

function summary(findings: readonly Finding[]): string {
  const count = (wanted: State) => findings.filter(({ state }) => state === wanted).length
  const parts = [
    `${count('ok')} ok`,
    counted(count('warning'), 'warning'),
    `${count('failed')} failed`,
    `${count('not-checked')} not checked`,
  ]
  return paint(count('failed') > 0 ? 'bad' : 'quiet', parts.join(', '))
}
