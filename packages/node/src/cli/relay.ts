import { json, print } from './output.ts'
import { withClient } from './with-client.ts'

/** Makes a relay of the running node, or an ordinary node again. */
export async function setRelay(dataDir: string, on: boolean, asJson: boolean): Promise<void> {
  const state = await withClient(dataDir, (api) => api.admin.setRelay.mutate({ on }))
  if (asJson) return print(json(state, 2))
  const topics = on
    ? 'every topic that a node of the network announces'
    : 'only the topics that it has joined'
  print(`relay ${on ? 'on' : 'off'}  this node carries ${topics}, until it is started again`)
}
