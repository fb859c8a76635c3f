import { styleText } from 'node:util'

/** What a colour means. */
export type Tone = 'heading' | 'name' | 'quiet' | 'good' | 'caution' | 'bad'

const FORMATS = {
  heading: 'bold',
  name: 'cyan',
  quiet: 'dim',
  good: 'green',
  caution: 'yellow',
  bad: 'red',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>

/** A text in colour where the standard output is a terminal; NO_COLOR and FORCE_COLOR are respected. */
export function paint(tone: Tone, text: string): string {
  return text === '' ? text : styleText(FORMATS[tone], text, { stream: process.stdout })
}
