import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { guideCommands } from './fixtures/guide-commands.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { CHECKOUT } from './fixtures/unit-runner.ts'

/** Folders of the machine that the guides write in. */
const WRITTEN = ['/etc', '/opt', '/usr/local/sbin', '/var/backups', '/var/lib']

const tried = spawnSync('unshare', ['--mount', 'sh', '-c', 'command -v setpriv systemd-sysusers'])
const missing = tried.status !== 0
if (missing)
  console.warn(
    'guides for systemd are not followed: that takes root, name spaces, setpriv and systemd-sysusers',
  )

/** In the place of Node: a version that says what it is asked for, and writes down that it was started. */
const NODE = `
version=$(cat "$(dirname "$0")/../../version")
case $1 in --*) shift ;; esac
case $2 in
  start) echo "$version" >>/var/lib/pmesh/started ;;
  init) echo 'topics: [prices]' >pmesh.yaml ;;
  *) shift && echo "$version: $*" ;;
esac`

/** In the place of what changes the machine, or takes it from elsewhere. */
const STAND_INS = {
  git: `
for target; do :; done
[ -z "$(ls -A "$target" 2>/dev/null)" ] || { echo "fatal: '$target' exists and is not empty" >&2; exit 128; }
mkdir "$target" && cp -r "$(dirname "$0")/../setup" "$target/"
[ "$2" = --branch ] && echo "$3" >"$target/version" || echo 1 >"$target/version"`,
  npm: `
[ "$1" = ci ] || exit 0
mkdir -p node_modules/.bin && cp "$(dirname "$0")/../node" node_modules/.bin/node && chmod +x node_modules/.bin/node`,
  systemctl: `
case "$*" in
  daemon-reload | 'stop pmesh') ;;
  'start pmesh' | 'enable --now pmesh')
    setpriv --reuid=pmesh --regid=pmesh --clear-groups $(sed -n 's/^ExecStart=//p' /etc/systemd/system/pmesh.service) ;;
  *) exit 1 ;;
esac`,
}

/** A machine on which nothing was done yet, of a root who is careful with permissions. */
async function machine() {
  const root = await temporaryFolder()
  const place = (path: string) => join(root, path.replaceAll('/', '_'))
  for (const path of WRITTEN.slice(1)) await mkdir(place(path), { mode: 0o755 })
  await promisify(execFile)('cp', ['--archive', '/etc', place('/etc')])
  await cp(join(CHECKOUT, 'setup'), join(root, 'setup'), { recursive: true })
  await mkdir(join(root, 'bin'))
  await writeFile(join(root, 'node'), `#!/bin/sh${NODE}\n`)
  for (const [name, text] of Object.entries(STAND_INS)) {
    await writeFile(join(root, 'bin', name), `#!/bin/sh${text}\n`, { mode: 0o755 })
  }
  const mounts = WRITTEN.map((path) => `mount --bind ${place(path)} ${path}`).join(' && ')
  const path = `${root}/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`
  const run = async (script: string) => {
    const all = `${mounts} && cd / && umask 077 && exec bash --norc -euc "$0"`
    const env = { PATH: path }
    return (await promisify(execFile)('unshare', ['--mount', 'sh', '-ec', all, script], { env })).stdout
  }
  return { run, started: (folder = 'pmesh') => readFile(join(place('/var/lib'), folder, 'started'), 'utf8') }
}

it.skipIf(missing)(
  'the guides for systemd: from nothing to a node, upgraded twice, and twice back',
  async () => {
    const { run, started } = await machine()
    const [install = ''] = await guideCommands('systemd.md')
    const guide = await guideCommands('upgrade.md')
    expect(guide).toHaveLength(6)
    const [build = '', drain = '', backUp = '', replace = '', back = '', restore = ''] = guide
    const to = (version: string, script: string) => run(script.replaceAll('VERSION', version))
    const upgrade = async (version: string) => {
      expect(await to(version, build)).toBe(`${version}: --version\n${version}: config check\n`)
      await run(drain)
      await to(version, backUp)
      await run(replace)
    }
    const last = async () => (await started()).trim().split('\n').at(-1)

    await run(install)
    expect(await started()).toBe('1\n')
    await upgrade('2')
    await upgrade('3')
    expect(await started()).toBe('1\n2\n3\n')
    await run(back)
    expect(await last()).toBe('2')
    await to('3', restore)
    expect(await started()).toBe('1\n2\n2\n')

    // Somebody did not get further the last time.
    await run('mkdir -p /opt/pastel-mesh.new/node_modules')
    await upgrade('4')
    expect(await last()).toBe('4')
    await run(back)
    expect(await last()).toBe('2')
    await to('4', restore)
    expect(await started()).toBe('1\n2\n2\n2\n')
    expect(await started('pmesh.failed')).toBe('1\n2\n2\n4\n2\n')

    // Nothing is there to go back to, or forward: the program stays.
    for (const script of [back, replace]) {
      await run(script)
      expect(await run('pmesh --version')).toBe('2: --version\n')
    }
  },
)
