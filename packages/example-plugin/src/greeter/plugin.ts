import { definePlugin, jobMessages, textOf } from '@pastel-mesh/node'
import { readProcedure, router, sendProcedure } from '@pastel-mesh/sdk-server'
import { z } from 'zod'

const Person = z.object({ who: z.string().min(1).max(80) })

/** One of everything that a plugin can have; all but the name can be left out. */
export default definePlugin({
  name: 'greeter',

  // What is set for it: `ext.greeter` in pmesh.yaml, or PMESH_EXT_GREETER='{greeting: hi}'.
  config: z.strictObject({ greeting: z.string().default('hello') }),

  // Counted in /metrics as pmesh_ext_greeter_greetings_total.
  metrics: { greetings: { type: 'counter', help: 'Greetings that were asked for' } },

  // What applications call: client.api.ext.greeter.hello.query({ who: 'you' })
  router: ({ config, jobs, metrics }) =>
    router({
      hello: readProcedure.input(Person).query(({ input, ctx }) => {
        metrics.greetings.inc()
        return { text: `${config.greeting}, ${input.who}`, from: ctx.node.pastelId }
      }),
      welcome: sendProcedure.input(Person).mutation(async ({ input, ctx, signal }) => {
        const { id } = await jobs.add('welcome', input)
        // It is on disk: it is done even if whoever called has gone, or the node dies now.
        return { job: id, message: await ctx.queue.waitFor(id, signal === undefined ? {} : { signal }) }
      }),
    }),

  // Done at least once, and again when it throws; what it sends by jobMessages is sent once.
  jobs: {
    welcome: {
      schema: Person,
      run: async (job, { config, node }) => {
        const { id } = await jobMessages(node, job).publish('welcomes', {
          text: `${config.greeting}, ${job.data.who}`,
        })
        return id
      },
    },
  },

  // Done every so often (or by the clock: cron: '0 3 * * *'), and never twice at a time.
  background: {
    tick: { every: '5s', run: ({ logger, node }) => logger.info('tick', { peers: node.peers().length }) },
  },

  // Each message of a topic, which the node joins for it.
  topics: {
    welcomes: (message, { logger }) => logger.info(`${message.sender} says: ${textOf(message)}`),
  },

  // Each direct message to this node; an answer is not answered again.
  onMessage: async (message, { config, node }, job) => {
    if (message.replyTo !== undefined) return
    await jobMessages(node, job).send(message.sender, { text: config.greeting, replyTo: message.id })
  },
})
