import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeCount } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

/** Topics with most messages that are looked up; those that the node has joined, or a peer announces, come to them. */
const MAX_COUNTED = 1_000

interface TopicRow {
  readonly topic: string
  readonly isJoined: boolean
  /** Peers that announce it. */
  readonly peers: number
  /** Ever taken in, own ones included; what retention removed counts. */
  readonly messages: number
}

/** Shows the topics that this node has joined, that it has messages of, and that its peers announce. */
export async function showTopics(dataDir: string, asJson: boolean): Promise<void> {
  const topics = await findTopics(dataDir)
  if (asJson) return print(json(topics, 2))
  if (topics.length === 0) return warn('there are no topics yet: start the node with --topic NAME')
  const rows = topics.map(({ topic, isJoined, peers, messages }): Cell[] => [
    describeCount(peers),
    describeCount(messages),
    isJoined ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'quiet' },
    { text: topic, tone: 'name' },
  ])
  const headings = ['PEERS', 'MESSAGES', 'JOINED', 'TOPIC'].map((text): Cell => ({ text, tone: 'heading' }))
  print(columns([headings, ...rows], { right: [0, 1], width: screenWidth() }))
}

async function findTopics(dataDir: string): Promise<TopicRow[]> {
  const [status, { counts }] = await withClient(dataDir, (api) =>
    Promise.all([
      api.admin.status.query(),
      api.service.statistics.list.query({ by: 'receiver', limit: MAX_COUNTED }),
    ]),
  )
  const joined = new Set(status.topics.map(({ topic }) => topic))
  const messages = new Map(
    counts.flatMap((count) => ('topic' in count ? [[count.topic, count.messages] as const] : [])),
  )
  const announced = new Map<string, number>()
  for (const topic of status.peers.flatMap(({ topics }) => topics)) {
    announced.set(topic, (announced.get(topic) ?? 0) + 1)
  }
  return [...new Set([...joined, ...messages.keys(), ...announced.keys()])].sort().map((topic) => ({
    topic,
    isJoined: joined.has(topic),
    peers: announced.get(topic) ?? 0,
    messages: messages.get(topic) ?? 0,
  }))
}
