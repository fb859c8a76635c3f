import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { leftBy, startDemo } from './fixtures/demo-process.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { IS_FULL } from './fixtures/test-runs.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

describe('the command of the demo', () => {
  it('with a file as input ends well and leaves nothing behind', async () => {
    const temporary = await temporaryFolder()
    const file = join(temporary, 'lines.txt')
    // The longest line that there may be: forty of them are more than a node takes in one request.
    await writeFile(file, `${'x'.repeat(262_144)}\ngrüße\n`)
    const demo = startDemo(['--nodes', '3', '--messages', '120', '--input', file], temporary)
    const { code, stdout, stderr } = await demo.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('reached by TCP: nodes 1, 3; by WebSocket: nodes 2\n')
    expect(stdout).toContain(
      'every one of 50 direct messages of node 1 is at node 3 exactly once, although the two never met meanwhile',
    )
    expect(stdout).toContain(
      'every message made exactly one job at node 2, which was restarted meanwhile: 120 jobs, all done\n',
    )
    expect(stdout).toMatch(/every one of 120 messages is at every one of 3 nodes exactly once, verified\n$/)
    // Node 1, its PastelID, 40 published, 120 stored.
    expect(stdout).toMatch(/^ +1 +jX\w+… +40 +120 +all /m)
    expect(await leftBy(temporary)).toEqual([])
  }, 60_000)

  // The other tests run the source; what users run comes from the build, which takes its time.
  if (IS_FULL) {
    it('npm run demo -- --nodes 5 --messages 10000 ends well, and shows nothing of the build', async () => {
      const temporary = await temporaryFolder()
      const { stdout } = await promisify(execFile)(
        'npm',
        ['run', '--silent', 'demo', '--', '--nodes', '5', '--messages', '10000'],
        { cwd: ROOT, env: { ...process.env, TMPDIR: temporary } },
      )
      expect(stdout).toMatch(/^ +\d+\.\d s {2}4 nodes run and know each other; node 5 will be late\n/)
      expect(stdout.match(/^ +[1-5] +jX\w+… +2000 +10000 +all /gm)).toHaveLength(5)
      expect(stdout).toMatch(
        /every one of 10000 messages is at every one of 5 nodes exactly once, verified\n$/,
      )
      expect(await leftBy(temporary)).toEqual([])
    }, 300_000)
  }
})
