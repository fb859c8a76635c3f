import { pastelProblems } from '../pasteld/core-problems.ts'
import { ownPastelId } from '../pasteld/own-pastel-id.ts'
import type { Check } from './check.ts'

/** Whether the Pastel core answers, is a supernode and has the key, where there is one. */
export const pasteldCheck: Check = {
  name: 'pasteld',
  timeoutMs: 10_000,
  async run({ config, node }, signal) {
    if (config?.pasteld === undefined) return [{ state: 'ok', message: 'none is named' }]
    // Only now: it takes all of libp2p with it.
    const { askCore } = await import('../pasteld/core-facts.ts')
    const core = await askCore(config.pasteld, signal)
    const status = node.kind === 'running' ? node.status : undefined
    const own = status === undefined ? await ownPastelId(config) : undefined
    const problems = pastelProblems(config.pasteld, core, status, own)
    if (problems.length > 0) return problems
    if (core.kind === 'trouble') return []
    const { url, chain, blocks, connections, masternode } = core.facts
    const who = masternode === undefined ? 'no supernode' : `supernode ${masternode.outpoint}`
    return [
      {
        state: 'ok',
        message: `the core at ${url} answers: ${chain}, ${blocks} blocks, ${who}`,
        measured: { url, chain, blocks, connections },
      },
    ]
  },
}
