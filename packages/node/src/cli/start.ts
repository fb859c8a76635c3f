import type { ControllerConfig } from '../config.ts'
import type { NodeController } from '../index.ts'
import { createController } from '../index.ts'
import { stopOnSignal } from '../signals.ts'
import { readVersion } from '../version.ts'
import { table } from './table.ts'

/** Runs a node until a signal stops it. @returns the exit code */
export async function start(config: ControllerConfig): Promise<number> {
  const controller = await createController(config)
  const { node } = controller
  node.addEventListener('connected', ({ detail }) =>
    print(`connected     ${detail.pastelId}  ${detail.address}`),
  )
  node.addEventListener('disconnected', ({ detail }) => print(`disconnected  ${detail.pastelId}`))
  node.addEventListener('refused', ({ detail }) =>
    print(
      `refused       ${detail.address}: ${detail.reason} (by ${detail.by === 'us' ? 'this node' : 'the other'})`,
    ),
  )
  node.addEventListener('error', ({ detail }) => print(`error         ${detail.message}`))
  await controller.start()
  print(banner(controller))
  const code = await stopOnSignal(() => controller.stop(), print)
  print('stopped')
  return code
}

function banner({ node, config, store }: NodeController): string {
  const lines = table([
    ['PastelID', node.pastelId],
    ['network', node.network],
    ...node.addresses().map((address) => ['listening on', address]),
    ['topics', node.topics.join(', ') || 'none yet: --topic NAME'],
    ['members', config.members === 'open' ? 'open: anybody' : `${config.dataDir}/members`],
    ['data', config.dataDir],
    ['stored', `${store.end} messages`],
  ])
  return `Pastel Mesh ${readVersion()}, ready\n${lines}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
