import { MeshError } from '@pastel-mesh/identity'
import type { OptionValues } from 'commander'
import { loadConfig } from '../config/load-config.ts'
import { adoptPassphrases } from '../config/passphrase-variables.ts'
import type { NodeController } from '../index.ts'
import { stopOnSignal } from '../signals.ts'
import { table } from '../table.ts'
import { readVersion } from '../version.ts'
import { placesOf } from './config-options.ts'
import { describeError, print, warn } from './output.ts'
import { eventLine, tellEvents } from './tell-events.ts'

/** Runs a node until a signal stops it. @returns the exit code */
export async function start(options: OptionValues): Promise<number> {
  const places = placesOf(options)
  const { input, warnings } = await loadConfig(places)
  for (const warning of warnings) warn(warning)
  adoptPassphrases(places.cwd)
  // Only now: what is wrong with the settings is said before all of libp2p is loaded.
  const { createController } = await import('../index.ts')
  const creating = createController(input, {
    onError: (error) => print(eventLine('error', describeError(error))),
  })
  // Before there is anything to stop: as process 1 of a container a signal that nobody handles is lost.
  const ended = stopOnSignal(async () => (await creating).stop(), print)
  const controller = await creating
  tellEvents(controller.node, print)
  try {
    await controller.start()
    print(banner(controller))
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_STOPPED')) throw error
    // A signal came while it started.
  }
  const code = await ended
  print('stopped')
  return code
}

function banner({ node, config, store }: NodeController): string {
  const lines = table([
    ['PastelID', node.pastelId],
    ['network', node.network],
    ...node.addresses().map((address) => ['listening on', address]),
    ['topics', node.topics.join(', ') || (config.relay ? 'none yet' : 'none yet: --topic NAME')],
    ...(config.relay ? [['relay', 'carries every topic that its peers announce']] : []),
    ['members', config.members === 'open' ? 'open: anybody' : `${config.dataDir}/members`],
    ['data', config.dataDir],
    ['stored', `${store.end} messages`],
  ])
  return `Pastel Mesh ${readVersion()}, ready\n${lines}`
}
