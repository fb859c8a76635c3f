import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, stat, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { createServer, type Server, type ServerComponents } from '../src/index.ts'
import { query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'
import { stoppedServer } from './fixtures/stopped-server.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

function serverAt(path: string, components: ServerComponents): Server {
  return createServer({ socket: { path }, http: false, version: '0' }, components)
}

describe('the socket', () => {
  it('is for its owner only, also in a folder for all', async () => {
    const { node, store, queue } = await openServer()
    const folder = await temporaryFolder()
    await chmod(folder, 0o777)
    const server = serverAt(join(folder, 'node.sock'), { node, store, queue })
    const mask = process.umask(0)
    try {
      await server.start()
      expect((await stat(join(folder, 'node.sock'))).mode & 0o777).toBe(0o600)
      // The mask of the process is as it was.
      expect(process.umask()).toBe(0)
    } finally {
      process.umask(mask)
      await server.stop()
    }
  })

  it('makes its folder, for its owner only', async () => {
    const { node, store, queue } = await openServer()
    const folder = join(await temporaryFolder(), 'run', 'node')
    const server = serverAt(join(folder, 'node.sock'), { node, store, queue })
    await server.start()
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    await server.stop()
    expect(existsSync(join(folder, 'node.sock'))).toBe(false)
  })

  it('with a path that is too long is refused before the system cuts it', async () => {
    const { node, store, queue } = await openServer()
    const folder = await temporaryFolder()
    const path = join(folder, 'ü'.repeat(50), 'node.sock')
    await expect(serverAt(path, { node, store, queue }).start()).rejects.toMatchObject({
      code: 'ERR_SOCKET_PATH',
      message: expect.stringContaining(path),
    })
    expect(existsSync(join(path, '..'))).toBe(false)
    const longest = join(folder, 'x'.repeat(103 - folder.length - 1))
    const server = serverAt(longest, { node, store, queue })
    await server.start()
    expect((await query(longest, 'admin.status')).status).toBe(200)
    await server.stop()
  })

  it('that another server answers on is refused, and left alone', async () => {
    const { node, store, queue, path } = await openServer()
    await expect(serverAt(path, { node, store, queue }).start()).rejects.toMatchObject({
      code: 'ERR_SOCKET_IN_USE',
      message: expect.stringContaining(path),
    })
    expect((await query(path, 'admin.status')).status).toBe(200)
  })

  it('regression: in place of what is no socket is refused, and that is left alone', async () => {
    const { node, store, queue } = await openServer()
    const folder = await temporaryFolder()
    const file = join(folder, 'file')
    await writeFile(file, 'precious')
    await expect(serverAt(file, { node, store, queue }).start()).rejects.toMatchObject({ code: 'ERR_SOCKET' })
    expect((await stat(file)).size).toBe(8)
    const link = join(folder, 'link')
    await symlink(file, link)
    await expect(serverAt(link, { node, store, queue }).start()).rejects.toMatchObject({ code: 'ERR_SOCKET' })
    expect(existsSync(link)).toBe(true)
  })

  it('in a folder that cannot be made is refused with the reason', async () => {
    const { node, store, queue } = await openServer()
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    await expect(serverAt(join(file, 'node.sock'), { node, store, queue }).start()).rejects.toMatchObject({
      code: 'ERR_SOCKET',
      message: expect.stringMatching(/node\.sock cannot be opened: (ENOTDIR|EEXIST)/),
    })
  })

  it('regression: of a server that is too busy to answer is not taken for one that was left behind', async () => {
    const { node, store, queue } = await openServer()
    const path = join(await temporaryFolder(), 'node.sock')
    await stoppedServer(path)
    await expect(serverAt(path, { node, store, queue }).start()).rejects.toMatchObject({
      code: 'ERR_SOCKET_IN_USE',
    })
    expect(existsSync(path)).toBe(true)
  })

  it('takes 64 connections at a time, and the next when one ends', async () => {
    const { path } = await openServer()
    const idle: Socket[] = []
    onTestFinished(() => {
      for (const socket of idle) socket.destroy()
    })
    for (let i = 0; i < 64; i += 1) {
      const socket = connect(path)
      idle.push(socket)
      await once(socket, 'connect')
    }
    await expect(query(path, 'admin.status')).rejects.toThrow(/hang up|EPIPE|ECONNRESET/)
    idle.pop()?.destroy()
    await waitUntil(() => query(path, 'admin.status'), { what: 'an answer' })
  })
})
