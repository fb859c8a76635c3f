import { execFile } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { example, ROOT } from './fixtures/example.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const run = promisify(execFile)

/** Runs it as a reader would, in a folder of its own, twice: the second time it finds what the first left. */
async function outputs(code: string): Promise<string[]> {
  const folder = await temporaryFolder()
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'jobs.ts'), code)
  const all: string[] = []
  for (let time = 0; time < 2; time += 1) {
    const { stdout } = await run(process.execPath, ['--conditions=source', 'jobs.ts'], { cwd: folder })
    all.push(stdout)
  }
  return all
}

describe('the examples run, and print what they say', () => {
  it.each([
    ['packages/queue/README.md', 'readme'],
    ['docs/guides/first-job-handler.md', 'first'],
  ])('%s: %s', async (path, name) => {
    expect(await outputs(await example(path, name))).toEqual(['hello world\n', 'hello world\n'])
  })

  it('the guide: in a node', async () => {
    const outcome = await outputs(await example('docs/guides/first-job-handler.md', 'node'))
    expect(outcome).toEqual(['announced true\n', 'announced true\n'])
  })

  it('the guide: steps', async () => {
    const [first, second] = await outputs(await example('docs/guides/first-job-handler.md', 'steps'))
    expect(first).toMatch(/^receipt order:\w+\n\[ 'charge', 'send' \]\n$/)
    // The order is known: it is one job.
    expect(second).toBe("[ 'charge', 'send' ]\n")
  })
})
