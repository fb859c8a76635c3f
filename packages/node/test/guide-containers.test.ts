import { execFile, spawnSync } from 'node:child_process'
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { NODE_USER } from './fixtures/etc-with-users.ts'
import { guideCommands } from './fixtures/guide-commands.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const tried = spawnSync('unshare', [
  '--mount',
  'sh',
  '-c',
  'command -v setpriv && mount -t tmpfs none /var/lib',
])
const missing = tried.status !== 0
if (missing)
  console.warn('the guide for containers is not followed: that takes root, name spaces and setpriv')

/**
 * In the place of `docker`: `compose run` runs the program that it is given with the volume at its place and the rest
 * of /var/lib read-only, as the user of the image or the one that is named, without capabilities as docker-compose.yml
 * says. What else it is asked for is written down.
 */
const DOCKER = `
case "$1 $2" in
  'compose run') shift 2 ;;
  *) echo "$*" >>"$ASKED" && exit 0 ;;
esac
user=${NODE_USER}
while [ "$1" != node1 ]; do
  case $1 in
    --user) user=$(id -u "$2") && shift 2 ;;
    --entrypoint) entrypoint=$2 && shift 2 ;;
    --volume) mkdir -p "\${2#*:}" && mount --bind "\${2%:*}" "\${2#*:}" && shift 2 ;;
    *) shift ;;
  esac
done
shift
umask 022
mount -t tmpfs none /var/lib && mkdir /var/lib/pmesh && mount --bind "$VOLUME" /var/lib/pmesh
mount -o remount,ro /var/lib
exec setpriv --reuid="$user" --regid="$user" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \\
  "$entrypoint" "$@"`

/** Where a node has stopped whose volume is the image's user's alone. */
async function project() {
  const folder = await temporaryFolder()
  const volume = join(folder, 'volume')
  await mkdir(join(volume, 'store'), { recursive: true, mode: 0o700 })
  const files = { 'node-key': 'its key', 'store/000001.log': 'its messages' }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(volume, name), text, { mode: 0o600 })
    await chown(join(volume, name), NODE_USER, NODE_USER)
  }
  for (const path of [volume, join(volume, 'store')]) await chown(path, NODE_USER, NODE_USER)
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/docker'), `#!/bin/sh -e${DOCKER}\n`, { mode: 0o755 })
  const clone = join(folder, 'clone')
  await mkdir(clone)
  const env = { PATH: `${folder}/bin:${process.env.PATH}`, VOLUME: volume, ASKED: join(folder, 'asked') }
  return {
    volume,
    clone,
    /** As somebody does who types on, whatever the last line has said. */
    follow: (script: string) =>
      promisify(execFile)('unshare', ['--mount', 'bash', '-uc', script], { cwd: clone, env }),
    asked: () => readFile(env.ASKED, 'utf8'),
  }
}

/** Of all that is in a folder: whose it is, who may what, and what it says. */
async function content(folder: string): Promise<Record<string, unknown>> {
  const names = ['.', ...(await readdir(folder, { recursive: true }))].sort()
  const entries = names.map(async (name) => {
    const { uid, gid, mode } = await stat(join(folder, name))
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    return [name, { uid, gid, mode: (mode & 0o777).toString(8), text }]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** The blocks of the guide that have such a command. */
async function blocksWith(command: string): Promise<string[]> {
  return (await guideCommands('containers.md')).filter((block) => block.includes(command))
}

it.skipIf(missing)('the guide for containers: a backup, and the volume as it was', async () => {
  const { volume, clone, follow, asked } = await project()
  const before = await content(volume)
  const [backUp = '', ...others] = await blocksWith('pmesh drain')
  expect(others).toEqual([])
  await follow(backUp)
  expect(await asked()).toBe(
    `${['exec node1 pmesh drain', 'stop node1', 'up --detach --no-deps node1', 'exec node1 pmesh status']
      .map((line) => `compose ${line}`)
      .join('\n')}\n`,
  )
  expect(await readdir(join(clone, 'backups'))).toEqual(['node1.tgz'])
  for (const [path, mode] of [
    ['backups', 0o700],
    ['backups/node1.tgz', 0o600],
  ] as const) {
    expect((await stat(join(clone, path))).mode & 0o777).toBe(mode)
  }

  await writeFile(join(volume, 'node-key'), 'of another form')
  await writeFile(join(volume, 'store/000002.log'), 'of a version that is newer')
  const [restore = ''] = await blocksWith('<backups/node1.tgz')
  await follow(restore)
  expect(await content(volume)).toEqual(before)
  // Lost altogether, and made anew by the engine.
  for (const name of await readdir(volume)) await rm(join(volume, name), { recursive: true })
  await follow(restore)
  expect(await content(volume)).toEqual(before)
})

it.skipIf(missing)(
  'the guide for containers: what is not whole is no backup, and takes the place of nothing',
  async () => {
    const { volume, clone, follow } = await project()
    const [backUp = ''] = await blocksWith('pmesh drain')
    const [restore = ''] = await blocksWith('<backups/node1.tgz')
    await follow(backUp)
    const whole = await readFile(join(clone, 'backups/node1.tgz'))
    await chown(join(volume, 'node-key'), 0, 0)
    expect((await follow(backUp)).stderr).toContain('Permission denied')
    expect((await readFile(join(clone, 'backups/node1.tgz'))).equals(whole)).toBe(true)
    const before = await content(volume)
    await writeFile(join(clone, 'backups/node1.tgz'), whole.subarray(0, 40))
    await follow(restore)
    expect(await content(volume)).toEqual(before)
  },
)
