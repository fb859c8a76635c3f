import { expect, it } from 'vitest'
import { inFlags } from '../src/cli/in-flags.ts'

it.each([
  ['the input is wrong: sender: not a PastelID', 'the input is wrong: --from: not a PastelID'],
  [
    'the input is wrong: messages[3].replyTo: no; pastelId: not a PastelID',
    'the input is wrong: --reply-to: no; PASTELID: not a PastelID',
  ],
  [
    'the message cannot be sent: replyTo is not a message id',
    'the message cannot be sent: --reply-to is not a message id',
  ],
  ['the input is wrong: timing.cron: it is empty', 'the input is wrong: --cron: it is empty'],
  ['"sender" is not a topic name: type another', '"sender" is not a topic name: type another'],
])('%s', (message, shown) => {
  expect(inFlags(message)).toBe(shown)
})
