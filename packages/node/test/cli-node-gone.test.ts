import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('a node that ends before it answers is named in one line', async () => {
  const folder = await temporaryFolder()
  const server = createServer((request) => request.socket.destroy())
  await new Promise<void>((resolve) => server.listen(join(folder, 'node.sock'), resolve))
  onTestFinished(() => void server.close())
  const { code, stdout, stderr } = await runCli(['status', '--data', folder])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(
    /^pmesh: the node on .*node\.sock did not answer: it ended while it was asked; see its log \(ERR_NODE_GONE\)\n$/,
  )
})

it('what answers but is no node is named in one line', async () => {
  const folder = await temporaryFolder()
  const server = createServer((_, response) => response.writeHead(404).end('<html>'))
  await new Promise<void>((resolve) => server.listen(join(folder, 'node.sock'), resolve))
  onTestFinished(() => void server.close())
  const { code, stdout, stderr } = await runCli(['status', '--data', folder])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^pmesh: the node on .*node\.sock did not answer: .+ \(ERR_NODE_GONE\)\n$/)
})
