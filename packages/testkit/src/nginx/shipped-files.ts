import { existsSync } from 'node:fs'
import { chmod, cp, glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What operators copy. */
const SHIPPED = fileURLToPath(new URL('../../../../setup/nginx/', import.meta.url))

/** The name that resolves everywhere. */
export const NAME = 'localhost'

/** Debian's nginx wants these where only root may write. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']

/** Linux. */
const HAS_IPV6 = existsSync('/proc/net/if_inet6')

/** Where nginx is, and what is behind it. */
export interface NginxPlaces {
  /** In the place of `/`. */
  readonly root: string
  /** In the place of 443, and of 80. */
  readonly port: number
  readonly plainPort: number
  /** In the place of 7123, and of 7126. */
  readonly apiPort: number
  readonly peersPort: number
}

/** A text of ours for operators, with other paths and ports; without IPv6 where there is none, as the guide says. */
export function relocated(text: string, { root, port, plainPort, apiPort, peersPort }: NginxPlaces): string {
  return text
    .replace(/\/(?=etc\/(nginx|letsencrypt|ssl)\/|var\/(log\/nginx|www\/acme)|run\/nginx\.pid)/g, `${root}/`)
    .replace(/listen (\[::\]:)?443/g, `listen $1${port}`)
    .replace(/listen (\[::\]:)?80/g, `listen $1${plainPort}`)
    .replaceAll('127.0.0.1:7123', `127.0.0.1:${apiPort}`)
    .replaceAll('127.0.0.1:7126', `127.0.0.1:${peersPort}`)
    .replace(HAS_IPV6 ? /$^/ : /^.*listen \[::\].*\n/gm, '')
}

/** What there is on a machine with nginx before anything of ours is. */
export async function makeRoot(root: string): Promise<void> {
  const folders = ['etc/nginx/conf.d', 'run', 'var/log/nginx', 'var/www/acme']
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true })
  // Workers are not root.
  await chmod(root, 0o755)
  const paths = TEMPORARY.map((name) => `${name}_temp_path ${root}/${name};\n`)
  // As in Debian's own nginx.conf.
  paths.push('access_log var/log/nginx/access.log;\n')
  await writeFile(join(root, 'etc/nginx/conf.d/paths.conf'), paths.join(''))
}

/** Puts the files into a folder, relocated. */
export async function copyShipped(folder: string, places: NginxPlaces): Promise<void> {
  await cp(SHIPPED, folder, { recursive: true })
  await edit(folder, (text) => relocated(text, places))
}

/** Does what operators do first. @param folder that of nginx.conf */
export async function setName(folder: string, name: string): Promise<void> {
  await edit(folder, (text) => text.replaceAll('node.example', name))
}

async function edit(folder: string, change: (text: string) => string): Promise<void> {
  for await (const file of glob('{nginx.conf,{conf.d,pastel-mesh}/*.conf}', { cwd: folder })) {
    const path = join(folder, file)
    await writeFile(path, change(await readFile(path, 'utf8')))
  }
}
