import { jsonOf } from '@pastel-mesh/protocol'
import { defineTopic, json, type ReceivedMessage } from '@pastel-mesh/sdk-node'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { jobMessages, type NodeController } from '../src/index.ts'

type Jobs = {
  fill: { data: { order: number }; result: string }
  note: { data: string }
}
declare const controller: NodeController<Jobs>
const orders = defineTopic({
  name: 'orders',
  codec: json(z.object({ order: z.string().transform((text) => Number(text)) })),
})

test('a map is given a message, and makes the data of its job, or none', () => {
  controller.onMessage('orders', 'fill', (message) => {
    expectTypeOf(message).toEqualTypeOf<ReceivedMessage>()
    return message.type === 'order' ? { order: 1 } : undefined
  })
  controller.onMessage('inbox', 'note', async ({ sender }) => sender, { from: 'start' })
  // @ts-expect-error: the data of a note is text
  controller.onMessage('inbox', 'note', () => ({ order: 1 }))
  // @ts-expect-error: there is no such job
  controller.onMessage('inbox', 'pay', () => 'x')
  controller.onMessage('orders', 'fill', (message) => ({ order: Number(jsonOf(message)) }))
})

test('the map of a declared topic is given its value', () => {
  controller.onMessage(orders, 'fill', (value, message) => {
    expectTypeOf(value).toEqualTypeOf<{ order: number }>()
    expectTypeOf(message).toEqualTypeOf<ReceivedMessage>()
    return value
  })
  // @ts-expect-error: what is read is no text
  controller.onMessage(orders, 'note', (value) => value)
})

test('the messages of a job are sent by its context', () => {
  controller.queue.registerHandler('fill', async (job) => {
    const messages = jobMessages(controller.node, job)
    expectTypeOf(await messages.publish('fills', { text: '' })).toHaveProperty('id')
    expectTypeOf(await messages.send(controller.node.pastelId, { text: '' })).toHaveProperty('recipient')
    expectTypeOf(await messages.send([controller.node.pastelId], { text: '' })).toBeArray()
    return 'filled'
  })
})
