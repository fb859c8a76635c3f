import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { restServer } from './fixtures/rest-call.ts'

const GUIDE = new URL('../../../docs/guides/openapi.md', import.meta.url)
/** Debian's own. */
const PYTHON = '/usr/bin/python3'
const isMissing = !existsSync(PYTHON)
if (isMissing) console.warn(`the Python script of the guide is not run: ${PYTHON} is missing`)
const run = promisify(execFile)

async function block(name: string): Promise<string> {
  const text = await readFile(GUIDE, 'utf8')
  const code = new RegExp(`<!-- ${name} -->\\n\`\`\`\\w*\\n([^]*?)\`\`\``).exec(text)?.[1]
  if (code === undefined) throw new Error(`the guide has no block ${name}`)
  return code
}

/** As the guide has it: with no more than the standard library, and nobody's settings. */
async function script(url: string, key: string) {
  return run(PYTHON, ['-I', '-S', '-c', await block('example: orders')], {
    env: { PMESH_URL: url, PMESH_KEY: key },
    timeout: 30_000,
  })
}

test.skipIf(isMissing)(
  'the Python script of the guide sends, lists and reads with a service key, and prints what the guide says',
  async () => {
    const { url, key, node, store } = await restServer()
    node.join('orders')
    const { stdout } = await script(url, key)
    expect(stdout).toBe((await block('output: orders')).replace('jX…', node.pastelId))
    expect(store.end).toBe(3)
  },
)

test.skipIf(isMissing)('with a key that is not good it says so, and nothing is sent', async () => {
  const { url, store } = await restServer()
  await expect(script(url, 'pmk_0')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^401 ERR_TOKEN: /),
  })
  expect(store.end).toBe(0)
})
