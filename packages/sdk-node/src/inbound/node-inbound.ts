import type { NodeComponents, NodeOptions } from '../index.ts'
import { DEFAULT_HISTORY_MS } from '../node-defaults.ts'
import { type InboundComponents, InboundPipeline } from './pipeline.ts'
import { DEFAULT_RATES } from './rates.ts'

/** The inbound pipeline of a node, by the node's options. */
export function createNodeInbound(
  options: NodeOptions,
  { signer, ...components }: InboundComponents & Pick<NodeComponents, 'signer'>,
): InboundPipeline {
  const { network, historyMs = DEFAULT_HISTORY_MS, senderOpenings } = options
  const { peerRates = DEFAULT_RATES, senderRates = DEFAULT_RATES } = options
  return new InboundPipeline(
    { network, own: signer.pastelId, historyMs, peerRates, senderRates, senderOpenings },
    components,
  )
}
