import { json, print, printable, warn } from './output.ts'
import { withClient } from './with-client.ts'

/** Makes the running node join a topic. */
export async function joinTopic(dataDir: string, topic: string, asJson: boolean): Promise<void> {
  const answer = await withClient(dataDir, (api) => api.admin.topics.subscribe.mutate({ topic }))
  if (asJson) return print(json(answer, 2))
  print(`${answer.isChanged ? 'joined' : 'joined already'}  ${printable(topic)}`)
  warn('after its next start the node has joined what its configuration says: see topics in pmesh.yaml')
}

/** Makes the running node leave a topic. */
export async function leaveTopic(dataDir: string, topic: string, asJson: boolean): Promise<void> {
  const answer = await withClient(dataDir, (api) => api.admin.topics.unsubscribe.mutate({ topic }))
  if (asJson) return print(json(answer, 2))
  print(`${answer.isChanged ? 'left' : 'was not joined'}  ${printable(topic)}`)
  warn('after its next start the node has joined what its configuration says: see topics in pmesh.yaml')
}
