import { setTimeout as delay } from 'node:timers/promises'
import { RandomTexts } from '../random-texts.ts'
import type { Receipts } from './receipts.ts'
import { apiOf, type ServedNode, TOPIC } from './served-node.ts'

export interface Rate {
  /** Messages that are published a second, in all, each with a call of its own. */
  readonly perSecond: number
  readonly seconds: number
  readonly sizeBytes: number
}

/** One message that was published. */
export interface Published {
  readonly number: number
  readonly calledMs: number
  /** When the node had answered that it is accepted. */
  readonly acceptedMs: number
}

/** Publishes at a rate, and waits until all that follow have all of it, and nothing of it twice. */
export async function publishSteadily(
  { url, tokens }: Pick<ServedNode, 'url' | 'tokens'>,
  { perSecond, seconds, sizeBytes }: Rate,
  receipts: Receipts,
): Promise<Published[]> {
  const { publish } = apiOf(url, tokens[0]).service.messages
  const texts = new RandomTexts(sizeBytes)
  const publishNext = async (): Promise<Published> => {
    const number = receipts.expect()
    const text = `${number} ${texts.next()}`.slice(0, sizeBytes)
    const calledMs = performance.now()
    await publish.mutate({ topic: TOPIC, messages: [{ text }] })
    return { number, calledMs, acceptedMs: performance.now() }
  }
  const published: Promise<Published>[] = []
  const beganMs = performance.now()
  for (let count = 0; count < perSecond * seconds; count += 1) {
    await delay(Math.max(0, beganMs + (count * 1000) / perSecond - performance.now()))
    published.push(publishNext())
  }
  const all = await Promise.all(published)
  await receipts.all()
  // What came twice stands before it.
  await publishNext()
  await receipts.all()
  return all
}
