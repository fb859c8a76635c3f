import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Makes everything that a network of namespaces is made of, and undoes it by ending. */
const TRY = `
ip link add bridge0 type bridge
ip link add one type veth peer name other
ip link set one master bridge0
tc qdisc add dev one root handle 1: htb
nft add table inet chaos
nft add chain inet chaos incoming '{ type filter hook input priority 0; }'
nft add rule inet chaos incoming ip saddr 10.77.0.1 numgen random mod 1000 '<' 1 drop
nft add rule inet chaos incoming ip saddr 10.77.0.1 tcp dport 1 reject with tcp reset
nsenter --net=/proc/self/ns/net true
`

/** Why there are no network namespaces here; undefined if there are. */
export function missingForNamespaces(): string | undefined {
  const { status, stderr, error } = spawnSync('unshare', ['--net', 'sh', '-ec', TRY], { encoding: 'utf8' })
  if (status === 0) return undefined
  const why = error?.message ?? stderr.trim().split('\n').at(-1)
  return `network namespaces take root, iproute2, nftables and a kernel with all they need: ${why}`
}

/** Runs a command in the network namespace of a process. */
export function runIn(pid: number, command: readonly string[], input: string): void {
  execFileSync('nsenter', [...enterArguments(pid), ...command], { input, stdio: ['pipe', 'pipe', 'pipe'] })
}

export function enterArguments(pid: number): string[] {
  return [`--net=/proc/${pid}/ns/net`]
}

/**
 * A network namespace without a name: a process holds it that ends when its input does, so that nothing is left
 * however this process ends.
 */
export class Namespace {
  readonly #holder: ChildProcess

  static async open(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    holder.stdin.on('error', () => {})
    const ended = once(holder, 'exit').then(() => {
      throw new Error('a network namespace cannot be made')
    })
    // It says again what it is told: so it is in its namespace.
    holder.stdin.write('\n')
    await Promise.race([once(holder.stdout, 'data'), ended])
    ended.catch(() => {})
    return new Namespace(holder)
  }

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  get pid(): number {
    return this.#holder.pid as number
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    const exited = once(this.#holder, 'exit')
    this.#holder.stdin?.end()
    await exited
  }
}
