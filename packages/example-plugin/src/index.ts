import { definePlugin } from '@pastel-mesh/node'
import { readProcedure, router } from '@pastel-mesh/sdk-server'

export default definePlugin({
  name: 'hello',
  router: router({ who: readProcedure.query(({ ctx }) => `hello from ${ctx.node.pastelId}`) }),
  background: {
    tick: { every: '5s', run: ({ logger, node }) => logger.info('tick', { peers: node.peers().length }) },
  },
})
