import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenOptions } from './control.ts'
import { EmulatorProcess } from './emulator-process.ts'
import type {
  AnswerFault,
  CallCounts,
  EntryFault,
  MasternodeFields,
  PasteldEmulatorOptions,
  SupernodeDescription,
} from './options.ts'

/** A supernode of an emulator: its core, and what the network knows of it. */
export interface EmulatedSupernode extends SupernodeDescription {
  /** Does nothing if it is running. @param warmUpMs for this time only */
  start(warmUpMs?: number): Promise<void>
  /** As a core ends in good order: what is worked on is answered, what waits gets 503, then the port is closed. */
  stop(): Promise<void>
  /** Stop and start. What others send to it before it has warmed up is lost, as by the gossip of real cores. */
  restart(warmUpMs?: number): Promise<void>
  /** Connections break; what was worked on is not done. */
  crash(): Promise<void>
  /** What the network knows of it, from now on. */
  change(fields: Partial<MasternodeFields>): Promise<void>
  setStatus(status: string): Promise<void>
  inject(fault: AnswerFault | EntryFault): Promise<void>
  /** Calls of each method since the process began. */
  calls(): Promise<CallCounts>
  /** Its message list, as it is at this moment. */
  messages(): Promise<readonly unknown[]>
  /** Writes its PastelID's key file, if that was not done. @returns its path */
  writeKeyFile(): Promise<string>
}

export interface PasteldEmulator {
  readonly supernodes: readonly EmulatedSupernode[]
  readonly folder: string
  readonly pid: number
  /** Changes a masternode of the lists, also one that has no core here: they are counted on behind those that have. */
  change(index: number, fields: Partial<MasternodeFields>): Promise<void>
  /** All cores, in good order, at the same time. */
  restart(warmUpMs?: number): Promise<void>
  /** SIGKILL. What it kept on disk stays, for `startAgain`. */
  kill(): Promise<void>
  /** A new process that goes on from the folder. */
  startAgain(): Promise<void>
  /** @returns the chain's new height: with it come other ranks */
  mine(blocks?: number): Promise<number>
  /** Ends the process, and removes the folder if it was not given one. */
  stop(): Promise<void>
}

/**
 * Starts an emulator of pasteld, the Pastel core: a process that serves the JSON-RPC of one core or several, as far as
 * messages, the supernode lists and PastelIDs need it, each on a port of its own, and carries messages between them.
 * It ends with this process.
 *
 * @example
 * import { startPasteldEmulator } from '@pastel-mesh/testkit'
 *
 * const emulator = await startPasteldEmulator({ supernodes: 2, latency: 0 })
 * console.log(emulator.supernodes.map(({ confPath, pastelId }) => ({ confPath, pastelId })))
 * await emulator.stop()
 */
export async function startPasteldEmulator(options: PasteldEmulatorOptions): Promise<PasteldEmulator> {
  const folder = options.folder ?? (await realpath(await mkdtemp(join(tmpdir(), 'pasteld-emulator-'))))
  await mkdir(folder, { recursive: true })
  const open: OpenOptions = { ...options, folder }
  let emulator = new EmulatorProcess()
  const descriptions = await emulator.ask('open', open).catch(async (error: unknown) => {
    await emulator.kill()
    throw error
  })
  const ask: EmulatorProcess['ask'] = (action, ...args) => emulator.ask(action, ...args)
  const supernodes = descriptions.map((description, index) => supernodeOf(description, index, ask))
  return {
    supernodes,
    folder,
    get pid() {
      return emulator.pid
    },
    change: (index, fields) => ask('change', index, fields),
    async restart(warmUpMs) {
      await Promise.all(supernodes.map((supernode) => supernode.restart(warmUpMs)))
    },
    kill: () => emulator.kill(),
    async startAgain() {
      await emulator.kill()
      emulator = new EmulatorProcess()
      await ask('open', open)
    },
    mine: (blocks = 1) => ask('mine', blocks),
    async stop() {
      await emulator.close()
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

function supernodeOf(
  description: SupernodeDescription,
  index: number,
  ask: EmulatorProcess['ask'],
): EmulatedSupernode {
  return {
    ...description,
    start: (warmUpMs) => ask('start', index, warmUpMs),
    stop: () => ask('stop', index),
    async restart(warmUpMs) {
      await ask('stop', index)
      await ask('start', index, warmUpMs)
    },
    crash: () => ask('crash', index),
    change: (fields) => ask('change', index, fields),
    setStatus: (status) => ask('change', index, { status }),
    inject: (fault) =>
      'method' in fault ? ask('injectFault', index, fault) : ask('injectEntry', index, fault),
    calls: () => ask('calls', index),
    messages: () => ask('messages', index),
    writeKeyFile: () => ask('writeKeyFile', index),
  }
}
