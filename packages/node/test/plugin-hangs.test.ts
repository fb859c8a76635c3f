import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { definePlugin } from '../src/index.ts'
import type { DefinedPlugin } from '../src/plugins/define-plugin.ts'
import { HostedPlugin, type HostedPluginComponents } from '../src/plugins/hosted-plugin.ts'
import { PluginScope } from '../src/plugins/plugin-scope.ts'
import { givenPlugins, Plugins } from '../src/plugins/plugins.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const never = () => new Promise<void>(() => {})

/** Of the node plugins use nothing here. */
const COMPONENTS = {
  server: { addMetrics: () => ({}) },
  onLog: () => {},
  onFailure: () => {},
} as unknown as Omit<HostedPluginComponents, 'scope'>

/** A plugin by itself. */
function hosted(plugin: unknown): HostedPlugin {
  return new HostedPlugin(
    { plugin: plugin as DefinedPlugin, config: undefined },
    { ...COMPONENTS, scope: new PluginScope() },
  )
}

/** What comes of something after some time. */
async function after(ms: number, act: Promise<unknown>): Promise<string> {
  const outcome = act.then(
    () => 'done',
    (error: Error) => error.message,
  )
  await vi.advanceTimersByTimeAsync(ms)
  return Promise.race([outcome, Promise.resolve('waits')])
}

it('a start that never ends ends the start of the node', async () => {
  const plugin = hosted(definePlugin({ name: 'slow', start: never }))
  const starting = plugin.start()
  expect(await after(29_999, starting)).toBe('waits')
  expect(await after(1, starting)).toBe('the plugin slow cannot be started: it takes longer than 30 s')
})

it('a start is not waited for when the node stops meanwhile', async () => {
  const seen: string[] = []
  const plugin = hosted(
    definePlugin({
      name: 'slow',
      start: ({ signal }) => {
        signal.addEventListener('abort', () => seen.push('told'))
        return never()
      },
    }),
  )
  const starting = plugin.start()
  expect(await after(1_000, starting)).toBe('waits')
  plugin.interrupt()
  expect(await after(0, starting)).toBe('the plugin slow cannot be started: the node stops')
  expect(seen).toEqual(['told'])
})

it('a background task that does not end when it is told to is named, and holds nothing up', async () => {
  const plugin = hosted(
    definePlugin({
      name: 'slow',
      background: { stuck: { every: '1s', run: never }, good: { every: '1s', run: () => {} } },
    }),
  )
  plugin.startBackground()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await after(5_000, plugin.stopBackground(20_000))).toBe(
    'slow: stuck ran on: it takes longer than 5 s',
  )
  expect(vi.getTimerCount()).toBe(0)
})

it('a stop that never ends is given up, too', async () => {
  const plugin = hosted(definePlugin({ name: 'slow', stop: never }))
  expect(await after(6_000, plugin.stop(6_000))).toBe(
    'the plugin slow did not stop: it takes longer than 6 s',
  )
})

it('one that does not stop leaves the others their time', async () => {
  const stopped: string[] = []
  const plugins = new Plugins(
    givenPlugins([
      definePlugin({ name: 'first', stop: () => void stopped.push('first') }),
      definePlugin({ name: 'slow', stop: never }),
      definePlugin({ name: 'last', stop: () => void stopped.push('last') }),
    ]),
  )
  plugins.host(new Map(), COMPONENTS)
  await plugins.beginning.start()
  expect(await after(8_000, plugins.ending.stop(20_000))).toBe(
    'the plugin slow did not stop: it takes longer than 5 s',
  )
  expect(stopped).toEqual(['last', 'first'])
})
