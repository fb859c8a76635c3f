import { defineTopic, json } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { definePlugin, jobMessages, type MessageJob, textOf } from '../src/index.ts'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

test('a handler of messages gets its job, so that what it sends is sent once however often it runs', async () => {
  const attempts: string[] = []
  const failOnce = ({ name, attempt }: MessageJob) => {
    attempts.push(`${name} ${attempt}`)
    if (attempt === 1) throw new Error('after it has sent')
  }
  const retry = { attempts: 2, backoff: { type: 'fixed', delayMs: 1 } } as const
  const numbers = defineTopic({ name: 'numbers', codec: json(z.number()) })
  const parrot = definePlugin({
    name: 'parrot',
    topics: {
      texts: {
        retry,
        run: async (message, { node }, job) => {
          await jobMessages(node, job).publish('answers', { text: `text ${textOf(message)}` })
          failOnce(job)
        },
      },
      numbers: {
        topic: numbers,
        retry,
        run: async ({ value }, { node }, job) => {
          await jobMessages(node, job).publish('answers', { text: `number ${value}` })
          failOnce(job)
        },
      },
    },
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen: ['/ip4/127.0.0.1/tcp/0'], topics: ['answers'] },
    { plugins: [parrot] },
  )
  onTestFinished(() => controller.stop())
  await controller.start()
  await controller.node.publish('texts', { text: 'hello' })
  await controller.node.publish('numbers', { json: 7 })
  await waitUntil(() => attempts.length === 4, { what: 'both messages to be taken twice' })
  expect([...attempts].sort()).toEqual([
    'parrot.on.numbers 1',
    'parrot.on.numbers 2',
    'parrot.on.texts 1',
    'parrot.on.texts 2',
  ])
  const answers: string[] = []
  for await (const entry of controller.node.messages({ topic: 'answers' })) {
    if (entry.kind === 'message') answers.push(textOf(entry))
  }
  expect(answers.sort()).toEqual(['number 7', 'text hello'])
})
