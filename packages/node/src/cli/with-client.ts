import { lstat } from 'node:fs/promises'
import { MeshError } from '@pastel-mesh/identity'
import { TRPCClientError } from '@trpc/client'
import { type ControlClient, createControlClient } from '../control-client.ts'
import { dataFolder } from '../data-folder.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { inFlags } from './in-flags.ts'

/**
 * Calls the node of a data folder.
 * @throws MeshError ERR_NO_DATA_FOLDER; ERR_NO_NODE if none runs; ERR_NODE_GONE if it ended during the call; what
 * the node answered otherwise
 */
export async function withClient<T>(
  dataDir: string,
  call: (api: ControlClient['api'], client: ControlClient) => Promise<T>,
): Promise<T> {
  const { socket } = dataFolder(dataDir)
  const client = createControlClient(socket)
  try {
    return await call(client.api, client)
  } catch (error) {
    throw error instanceof TRPCClientError ? await explain(error, dataDir, socket) : error
  } finally {
    await client.close()
  }
}

async function explain(
  error: InstanceType<typeof TRPCClientError>,
  dataDir: string,
  socket: string,
): Promise<MeshError> {
  // The node answered.
  if (error.data != null) {
    const { meshCode } = error.data as { meshCode?: string }
    return new MeshError(meshCode ?? 'ERR_REQUEST', inFlags(error.message), { cause: error })
  }
  const { code, message } = rootCause(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const isThere = await lstat(dataDir).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isThere) {
      return new MeshError(
        'ERR_NO_DATA_FOLDER',
        `there is no data folder ${dataDir}: name the node's with --data or PMESH_DATA`,
        { cause: error },
      )
    }
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const start = pmeshCommand('start', dataDir)
    return new MeshError('ERR_NO_NODE', `no node answers on ${socket}: start one with "${start}"`, {
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new MeshError(
      'ERR_NO_NODE',
      `the system does not permit the use of ${socket}: only the user who runs the node may`,
      { cause: error },
    )
  }
  return new MeshError('ERR_NODE_GONE', `the node on ${socket} did not answer: ${whyGone(code, message)}`, {
    cause: error,
  })
}

function whyGone(code: string | undefined, message: string): string {
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'it ended while it was asked; see its log' : message
}

function rootCause(error: Error): NodeJS.ErrnoException {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  return cause
}
