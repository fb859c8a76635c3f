/**
 * Puts the Node that package.json brings at node_modules/.bin/node, where npm's scripts find it before any
 * other. npm 11 has done so by itself; npm 10, which comes with Node 20, links it and then removes the link
 * together with the builds for other systems, which have a program of the same name. `npm ci` runs this with
 * whichever Node is there, so this file is no TypeScript.
 */
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'

const root = new URL('../', import.meta.url)
const link = new URL('node_modules/.bin/node', root)
const { optionalDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

// npm installed the one that fits this system, if there is one.
const installed = Object.keys(optionalDependencies).find((name) =>
  existsSync(new URL(`node_modules/${name}/bin/node`, root)),
)
if (installed && !existsSync(link)) {
  rmSync(link, { force: true })
  symlinkSync(`../${installed}/bin/node`, link)
}
