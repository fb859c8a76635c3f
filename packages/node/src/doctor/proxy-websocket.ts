import { randomBytes } from 'node:crypto'
import { ask } from './ask.ts'
import type { Finding } from './check.ts'

/** Whether a WebSocket of the API is opened through a proxy; it is closed again at once. */
export async function webSocketFinding(url: string, signal: AbortSignal): Promise<Finding> {
  const asked = await ask(new URL('/trpc', url), {
    signal,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    },
  })
  if (asked.kind === 'upgraded') return { state: 'ok', message: 'WebSockets get through' }
  const advice =
    'nginx, for /trpc: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;'
  if (asked.kind === 'unreached') {
    return {
      state: 'failed',
      message: `WebSockets do not get through: ${asked.reason}`,
      advice,
      measured: { at: asked.at },
    }
  }
  const { statusCode: status = 0 } = asked.response
  asked.response.destroy()
  return {
    state: 'failed',
    message: `WebSockets do not get through: HTTP ${status} instead of 101`,
    advice,
    measured: { status },
  }
}
