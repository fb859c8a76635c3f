import { describe, expect, it } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { type DemoProcess, leftBy, startDemo } from './fixtures/demo-process.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function demoUntil(sign: RegExp, temporary: string): Promise<DemoProcess> {
  const demo = startDemo(['--nodes', '3', '--messages', '200000'], temporary)
  await waitUntil(() => sign.test(demo.output()), { what: `the demo to say ${sign}`, timeoutMs: 60_000 })
  return demo
}

describe('a demo that is interrupted', () => {
  it('before its nodes run leaves no processes and folders', async () => {
    const temporary = await temporaryFolder()
    const demo = startDemo([], temporary)
    await waitUntil(async () => (await leftBy(temporary)).length >= 5, { what: 'four processes', everyMs: 5 })
    demo.process.kill('SIGINT')
    expect(await demo.ended).toMatchObject({ code: 130, stderr: 'demo: interrupted\n' })
    expect(await leftBy(temporary)).toEqual([])
  })

  it('while it publishes leaves no processes and folders', async () => {
    const temporary = await temporaryFolder()
    const demo = await demoUntil(/know each other/, temporary)
    demo.process.kill('SIGTERM')
    expect(await demo.ended).toMatchObject({ code: 130, stderr: 'demo: interrupted\n' })
    expect(await leftBy(temporary)).toEqual([])
  })

  it('twice, leaves no processes and folders either', async () => {
    const temporary = await temporaryFolder()
    const demo = await demoUntil(/know each other/, temporary)
    demo.process.kill('SIGINT')
    demo.process.kill('SIGTERM')
    expect(await demo.ended).toMatchObject({ code: 130 })
    await waitUntil(async () => (await leftBy(temporary)).length === 0, { what: 'nothing to be left' })
  })
})
