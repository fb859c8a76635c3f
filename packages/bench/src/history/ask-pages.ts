import type { ControlClient } from '@pastel-mesh/node'
import { seededSigner } from '@pastel-mesh/testkit'
import type { FilledHistory } from './fill-history.ts'
import type { Question } from './questions.ts'
import { SeededRandom } from './seeded-random.ts'

export interface PagesOptions extends FilledHistory {
  readonly pages: number
  readonly limit: number
  readonly seed: number
}

/**
 * Asks for pages as an application does, one after the other: half of them the oldest first, half the newest first; a
 * quarter from the end that the direction begins at, the others from random cursors. @returns ms of each page
 */
export async function askPages(
  api: ControlClient['api'],
  { filter, isTimed = false }: Question,
  { cursors, firstMs, lastMs, pages, limit, seed }: PagesOptions,
): Promise<number[]> {
  const random = new SeededRandom(seed)
  const { topic, type } = filter
  const sender = filter.sender === undefined ? undefined : seededSigner(filter.sender).pastelId
  const pagesMs: number[] = []
  for (let i = 0; i < pages; i += 1) {
    const from = i % 4 === 0 ? undefined : cursors[random.below(cursors.length)]
    const times = [firstMs, lastMs]
      .map(() => firstMs + random.below(lastMs - firstMs + 1))
      .sort((a, b) => a - b)
    const [since = 0, until = 0] = times
    const beganMs = performance.now()
    const page = await api.service.messages.list.query({
      limit,
      oldestFirst: i % 2 === 0,
      ...(topic === undefined ? {} : { topic }),
      ...(type === undefined ? {} : { type }),
      ...(sender === undefined ? {} : { sender }),
      ...(from === undefined ? {} : { from }),
      ...(isTimed ? { since, until } : {}),
    })
    pagesMs.push(performance.now() - beganMs)
    const isRight = page.messages.every(
      (message) =>
        (topic === undefined || message.topic === topic) &&
        (type === undefined || message.type === type) &&
        (sender === undefined || message.sender === sender),
    )
    if (!isRight || page.notices.length > 0) throw new Error('a page has what was not asked for')
  }
  return pagesMs
}
