import { MeshError } from '@pastel-mesh/identity'
import { TRPCClientError } from '@trpc/client'
import { type ControlClient, createControlClient } from '../control-client.ts'
import { dataFolder } from '../data-folder.ts'

/**
 * Calls the node of a data folder.
 * @throws MeshError ERR_NO_NODE if none runs; what the node answered otherwise
 */
export async function withClient<T>(
  dataDir: string,
  call: (api: ControlClient['api']) => Promise<T>,
): Promise<T> {
  const { socket } = dataFolder(dataDir)
  const client = createControlClient(socket)
  try {
    return await call(client.api)
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error
    const code = connectionError(error)
    if (code === undefined)
      throw new MeshError(error.data?.meshCode ?? 'ERR_REQUEST', error.message, { cause: error })
    throw new MeshError(
      'ERR_NO_NODE',
      `no node answers on ${socket} (${code}): start one with "pmesh start"`,
      { cause: error },
    )
  } finally {
    await client.close()
  }
}

function connectionError(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: string }
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'EACCES') return code
  }
  return undefined
}
