import type { SeededRandom } from './seeded-random.ts'

/** Who wrote a message, where, and of which type. */
export interface Described {
  readonly sender: string
  readonly topic: string
  readonly type: string
}

/** How many there are beside the rare ones, the first the most frequent. */
const SENDERS = 12
const TOPICS = 8
const TYPES = 10

/** Of a million messages so many have the rare sender; as many the rare topic, the rare type, the rare combination. */
const RARE_OF_A_MILLION = 50

export const RARE = 'rare'
/** The most frequent of each. All three together are rare all the same. */
export const FREQUENT: Described = { sender: 'sender-0', topic: 'topic-0', type: 'type-0' }

/** Describes the messages of a history, one after the other. */
export function describeMessage(random: SeededRandom): Described {
  const lot = random.below(1_000_000)
  const sender = `sender-${random.skewed(SENDERS)}`
  const topic = `topic-${random.skewed(TOPICS)}`
  const type = `type-${random.skewed(TYPES)}`
  if (lot < RARE_OF_A_MILLION) return { sender: RARE, topic, type }
  if (lot < 2 * RARE_OF_A_MILLION) return { sender, topic: RARE, type }
  if (lot < 3 * RARE_OF_A_MILLION) return { sender, topic, type: RARE }
  if (lot < 4 * RARE_OF_A_MILLION) return FREQUENT
  const isFrequent = sender === FREQUENT.sender && topic === FREQUENT.topic && type === FREQUENT.type
  return isFrequent ? { sender, topic, type: 'type-1' } : { sender, topic, type }
}
