import { expect, onTestFinished, test } from 'vitest'
import { append } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

/** Takes the errors that nobody catches, instead of the test runner. */
function uncaught(): Error[] {
  const errors: Error[] = []
  const runners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const runner of runners) process.on('uncaughtException', runner)
  })
  return errors
}

test('listeners hear of every entry in order, until they are removed', async () => {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'alice' })
  const heard: number[] = []
  const listener = ({ position }: { position: number }) => heard.push(position)
  const remove = store.onAppended(listener)
  const removeSecond = store.onAppended(listener)
  await append(store, await writer.write({ count: 2 }))
  removeSecond()
  await append(store, await writer.write())
  remove()
  await append(store, await writer.write())
  expect(heard).toEqual([0, 0, 2])
})

test('a listener that throws neither fails the commit, which is on disk, nor keeps others from hearing', async () => {
  const errors = uncaught()
  const store = await openStore()
  const heard: number[] = []
  store.onAppended(() => {
    throw new Error('a listener is broken')
  })
  store.onAppended(({ position }) => heard.push(position))
  const stored = await append(store, await new LogWriter({ identity: 'alice' }).write())
  expect(stored.position).toBe(0)
  expect(heard).toEqual([0])
  await new Promise(setImmediate)
  expect(errors.map(({ message }) => message)).toEqual(['a listener is broken'])
})
