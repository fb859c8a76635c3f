/**
 * Makes `dist/index.d.ts` stand on its own: the types of the router, and of what its procedures take and give, are
 * taken into it from the declarations of the packages of the server, none of which an application installs. What
 * procedures work with (the database, the queue, libp2p) and how they are called over plain HTTP is left out: no client
 * sees it.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const declarationsOf = (name) => fileURLToPath(new URL(`../../${name}/dist/index.d.ts`, import.meta.url))
/** What procedures work with, and what the server says of them elsewhere; and where that is declared. */
const LEFT_OUT = {
  'sdk-server/dist/trpc.d.ts': 'Context',
  'sdk-server/dist/auth/auth.d.ts': 'Auth',
  'sdk-node/dist/index.d.ts': 'MeshNode',
  'sdk-server/dist/rest/rest-operation.d.ts': 'RestOperation',
}

function withoutWhatIsLeftOut(path) {
  const [, name] = Object.entries(LEFT_OUT).find(([file]) => path.endsWith(`/packages/${file}`)) ?? []
  if (name === undefined) return undefined
  const code = readFileSync(path, 'utf8')
  const empty = code.replace(
    new RegExp(`export interface ${name}\\b[^{]*\\{.*?\\n\\}`, 's'),
    `export interface ${name} {}`,
  )
  if (empty === code) throw new Error(`${path} has no ${name}`)
  return empty
}

const bundle = await rolldown({
  input: { index: join(dist, 'index.d.ts') },
  // Of these only what an application installs with the client may be left in the end.
  external: (id) => !/^([./]|@pastel-mesh\/)/.test(id),
  plugins: [
    {
      name: 'packages-of-the-server',
      resolveId: (id) => (id.startsWith('@pastel-mesh/') ? declarationsOf(id.split('/')[1]) : undefined),
      load: withoutWhatIsLeftOut,
    },
    dts({ dtsInput: true, generator: 'oxc' }),
  ],
  onLog(_level, log) {
    // Such as a package that could not be found: the declarations would not stand on their own.
    throw new Error(log.message)
  },
})
const { output } = await bundle.generate({ format: 'es' })
if (output.length !== 1) throw new Error(`${output.length} files of declarations, not one`)
const foreign = [
  ...output[0].code.replace(/\/\*.*?\*\//gs, '').matchAll(/(?:from|import\()\s*["']([^"']+)["']/g),
]
  .map(([, name]) => name)
  .filter((name) => !name.startsWith('@trpc/'))
if (foreign.length > 0) throw new Error(`the declarations need ${[...new Set(foreign)].join(', ')}`)

// Those of the single files are in it.
for (const name of globSync('**/*.d.ts', { cwd: dist })) rmSync(join(dist, name))
writeFileSync(join(dist, 'index.d.ts'), output[0].code)
