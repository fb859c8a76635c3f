import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ControlClient, createControlClient, dataFolder } from '@pastel-mesh/node'
import { cliCommand } from '@pastel-mesh/testkit'

export interface StartOptions {
  readonly dataDir: string
  readonly network: string
  readonly topic: string
  /** More arguments of `pmesh start`. */
  readonly args?: readonly string[]
}

/** What one start showed. */
export interface StartRun {
  /** From the spawning of the process to its first answer over the control socket. */
  readonly readyMs: number
  /** Messages that the node says it stores. */
  readonly messages: number
}

/** A node that is not ready by then will not be. */
const MAX_READY_MS = 60_000

/** Starts `pmesh start` in a process of its own, waits until it answers, and ends it. */
export function startNode(options: StartOptions): Promise<StartRun> {
  return withNode(options, async (_, run) => run)
}

/** The same, and uses it before it ends. */
export async function withNode<T>(
  { dataDir, network, topic, args: more = [] }: StartOptions,
  use: (api: ControlClient['api'], run: StartRun) => Promise<T>,
): Promise<T> {
  const args = [
    ...cliCommand(),
    ...['start', '--data', dataDir, '--network', network, '--topic', topic],
    ...['--members', 'open', '--listen', '/ip4/127.0.0.1/tcp/0', '--log-format', 'pretty'],
    ...['--api-listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'],
    ...more,
  ]
  const beganMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const client = createControlClient(dataFolder(dataDir).socket)
  try {
    await sayReady(child)
    const status = await client.api.admin.status.query()
    const readyMs = performance.now() - beganMs
    if (status.pid !== child.pid) throw new Error(`another process answers in ${dataDir}`)
    return await use(client.api, { readyMs, messages: status.store.messages })
  } finally {
    await client.close()
    child.kill('SIGTERM')
    await exited
  }
}

/** Resolves when the process says that it is ready. @throws Error with its output, if it ends or takes too long */
function sayReady(child: ReturnType<typeof spawn>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let output = ''
  const fail = () => {
    child.kill('SIGKILL')
    reject(new Error(`the node did not start:\n${output}`))
  }
  const timer = setTimeout(fail, MAX_READY_MS)
  const hear = (chunk: Buffer) => {
    output += chunk.toString()
    if (/, ready$/m.test(output)) resolve()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('exit', fail)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('exit', fail)
  })
}
