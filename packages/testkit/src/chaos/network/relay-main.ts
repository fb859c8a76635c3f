import { Random } from '../random.ts'
import { LinkRelay } from './link-relay.ts'
import { MEMBER_PORT, memberOfOwnAddress, ownAddress, standInAddress } from './namespace-address.ts'
import type { ToRelay } from './relay-process.ts'

/** The relay between members in namespaces: it runs in the one through which all packets pass. */

const random = new Random(Number(process.argv[2]))
const relay = new LinkRelay({ memberOf: memberOfOwnAddress, sourceOf: standInAddress }, { random })

async function act(message: ToRelay): Promise<void> {
  if (message.type === 'faults') {
    relay.setFaults(message.faults)
    return
  }
  const { member } = message
  const [host, port] = [standInAddress(member), MEMBER_PORT]
  await relay.listen(member, { host, port }, { host: ownAddress(member), port })
}

process.on('message', (message: ToRelay) => {
  act(message).then(
    () => process.send?.('done'),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`)
      process.exit(1)
    },
  )
})
// Whoever started it has ended, or wants it to end; with it ends the namespace.
process.on('disconnect', () => process.exit())
process.send?.('done')
