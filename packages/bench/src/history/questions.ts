import { type Described, FREQUENT, RARE } from './described-message.ts'

/** What a page is asked by. */
export interface Question {
  readonly name: string
  readonly filter: Partial<Described>
  /** A random stretch of the history's time as well. */
  readonly isTimed?: boolean
}

const { sender, topic, type } = FREQUENT

/** The question with the hardest answer for whoever intersects lists: each of its parts is frequent. */
export const RARE_COMBINATION: Question = { name: 'rare combination', filter: FREQUENT }

export const QUESTIONS: readonly Question[] = [
  // What asking costs by itself, and how much the machine disturbs it.
  { name: 'what is not there', filter: { type: 'none' } },
  { name: 'everything', filter: {} },
  { name: 'topic', filter: { topic } },
  { name: 'rare topic', filter: { topic: RARE } },
  { name: 'sender', filter: { sender } },
  { name: 'rare sender', filter: { sender: RARE } },
  { name: 'type', filter: { type } },
  { name: 'rare type', filter: { type: RARE } },
  { name: 'topic, sender', filter: { topic, sender } },
  { name: 'topic, type', filter: { topic, type } },
  { name: 'sender, type', filter: { sender, type } },
  { name: 'topic, sender, type', filter: { topic, sender, type: 'type-1' } },
  RARE_COMBINATION,
  { name: 'time', filter: {}, isTimed: true },
  { name: 'time, topic, type', filter: { topic, type }, isTimed: true },
  { name: 'time, rare combination', filter: FREQUENT, isTimed: true },
]
