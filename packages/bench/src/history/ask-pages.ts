import type { PastelId } from '@pastel-mesh/identity'
import type { ControlClient } from '@pastel-mesh/node'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import { seededSigner } from '@pastel-mesh/testkit'
import type { FilledHistory } from './fill-history.ts'
import type { Question } from './questions.ts'
import { SeededRandom } from './seeded-random.ts'

export interface PagesOptions extends FilledHistory {
  readonly pages: number
  readonly limit: number
  readonly seed: number
}

/** One page, as it is asked for. */
export interface PageRequest {
  readonly limit: number
  readonly oldestFirst: boolean
  readonly topic?: string
  readonly type?: string
  readonly sender?: PastelId
  /** A cursor. */
  readonly from?: string
  /** Times, in ms since 1970. */
  readonly since?: number
  readonly until?: number
}

/** What a page holds, as far as it is looked at. */
interface PageMessage {
  readonly topic?: string | undefined
  readonly type: string
  readonly sender: string
}

/** Gives a page; nothing but messages may be in it. */
export type Pager = (request: PageRequest) => Promise<PageMessage[]>

/** Pages of a running node, over its control socket. */
export function pagesOfApi(api: ControlClient['api']): Pager {
  return async (request) => {
    const page = await api.service.messages.list.query(request)
    if (page.notices.length > 0) throw new Error('a page has notices')
    return page.messages
  }
}

/** Pages of a node in this process, read as its API reads them: one message more, and the cursor of each. */
export function pagesOfNode(node: MeshNode): Pager {
  return async ({ limit, oldestFirst, since, until, ...filter }) => {
    const messages: (PageMessage & { cursor: string })[] = []
    const entries = node.messages({
      ...filter,
      reverse: !oldestFirst,
      limit: limit + 1,
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(until === undefined ? {} : { untilMs: until }),
    })
    for await (const entry of entries) {
      if (entry.kind !== 'message') throw new Error(`a page has an entry "${entry.kind}"`)
      const { channel, type, sender, cursor } = entry
      const topic = channel.kind === 'topic' ? channel.topic : undefined
      if (messages.length < limit) messages.push({ topic, type, sender, cursor })
    }
    return messages
  }
}

/**
 * Asks for pages as an application does, one after the other: half of them the oldest first, half the newest first; a
 * quarter from the end that the direction begins at, the others from random cursors. @returns ms of each page
 */
export async function askPages(
  read: Pager,
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
    const messages = await read({
      limit,
      oldestFirst: i % 2 === 0,
      ...(topic === undefined ? {} : { topic }),
      ...(type === undefined ? {} : { type }),
      ...(sender === undefined ? {} : { sender }),
      ...(from === undefined ? {} : { from }),
      ...(isTimed ? { since, until } : {}),
    })
    pagesMs.push(performance.now() - beganMs)
    const isRight = messages.every(
      (message) =>
        (topic === undefined || message.topic === topic) &&
        (type === undefined || message.type === type) &&
        (sender === undefined || message.sender === sender),
    )
    if (!isRight) throw new Error('a page has what was not asked for')
  }
  return pagesMs
}
