import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const BUILD = fileURLToPath(new URL('../build.mjs', import.meta.url))

/** Runs the build script in a folder where turbo is another program. */
async function build(turbo?: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-build-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const script = join(folder, 'scripts', 'build.mjs')
  await cp(BUILD, script)
  if (turbo !== undefined) {
    const bin = join(folder, 'node_modules', 'turbo', 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(bin, 'turbo'), turbo)
    await chmod(join(bin, 'turbo'), 0o755)
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { cwd: tmpdir() }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

describe('the build', () => {
  it('says nothing when it succeeds, whatever turbo says', async () => {
    const turbo = "process.stdout.write('• turbo\\n'); process.stderr.write('a warning\\n')"
    expect(await build(turbo)).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('shows all that turbo said when it fails, on the standard error', async () => {
    const turbo = "console.log('src/a.ts(1,1): error'); console.error('ERROR'); process.exitCode = 2"
    expect(await build(turbo)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'src/a.ts(1,1): error\nERROR\nbuild: failed (exit code 2)\n',
    })
  })

  it('runs in the project, wherever it was called from, and builds all of it', async () => {
    const turbo =
      "process.exitCode = process.cwd().includes('pmesh-build-') && process.argv[2] === 'run' && process.argv[3] === 'build' ? 0 : 1"
    expect((await build(turbo)).code).toBe(0)
  })

  it('says what to do when nothing is installed', async () => {
    expect(await build()).toEqual({
      code: 1,
      stdout: '',
      stderr: 'build: turbo is not installed: run "npm ci" first\n',
    })
  })
})
