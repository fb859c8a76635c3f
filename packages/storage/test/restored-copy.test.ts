import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { append, appendAll } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

test('after a restore from an older copy, cursors from behind the copy are foreign, however the order grows', async () => {
  const folder = await temporaryFolder()
  const [directory, backup] = [join(folder, 'db'), join(folder, 'backup')]
  const store = await openStore({ directory })
  const writer = new LogWriter({ identity: 'alice' })
  await append(store, await writer.write({ count: 3 }))
  const before = await store.cursorAt(2)
  const atCopy = await store.cursorAt(3)
  await store.stop()
  await cp(directory, backup, { recursive: true })
  await store.start()
  const restoredWriter = writer.fork()
  await appendAll(store, [await writer.write(), await writer.write()])
  const behind = [await store.cursorAt(4), await store.cursorAt(5)]
  await store.stop()

  const restored = await openStore({ directory: backup })
  for (const cursor of behind) expect(await restored.checkCursor(cursor)).toBe('foreign')
  for (const cursor of [before, atCopy]) expect(await restored.checkCursor(cursor)).toBe('ok')
  await append(restored, await restoredWriter.newRun('restored').write({ count: 6 }))
  for (const cursor of behind) expect(await restored.checkCursor(cursor)).toBe('foreign')
  for (const cursor of [before, atCopy]) expect(await restored.checkCursor(cursor)).toBe('ok')
})
