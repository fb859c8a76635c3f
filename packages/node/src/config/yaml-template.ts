import { stringify } from 'yaml'
import type { ConfigKey } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'

const HEAD = `# Settings of this node. What is commented out has the value that is shown.
# Durations: 500ms, 10s, 10m, 2h, 3d, 1w. Sizes: 64KiB, 10MB, 1.5GiB.
# Flags of "pmesh start" and variables (PMESH_SYNC_HISTORY for sync.history) win over this file.
# "pmesh config print" shows what holds, and why; "pmesh config check" finds what is wrong; "pmesh config reload" has a
# running node read it again.
`

/** Few need them, and they would be half of the file. */
const LEFT_OUT = ['limits.', 'queue.retention.']

/** A `pmesh.yaml` with every key and what it means: those that were chosen, the others commented out. */
export function yamlTemplate(chosen: ReadonlyMap<string, unknown>): string {
  const lines = [HEAD]
  let section: string | undefined
  for (const key of CONFIG_KEYS) {
    if (LEFT_OUT.some((section) => key.path.startsWith(section))) continue
    const [name = '', ...inner] = key.parts
    if (inner.length > 0 && name !== section) lines.push(`${name}:`)
    section = inner.length > 0 ? name : undefined
    lines.push(
      ...keyLines(key, chosen.get(key.path)).map((line) => (section === undefined ? line : `  ${line}`)),
    )
    lines.push('')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function keyLines({ parts, about, fallback, otherwise }: ConfigKey, value: unknown): string[] {
  const name = parts.at(-1) as string
  const comment = `# ${about}${otherwise === undefined ? '' : ` (default: ${otherwise})`}`
  if (value !== undefined)
    return [
      comment,
      ...stringify({ [name]: value }, { lineWidth: 0 })
        .trimEnd()
        .split('\n'),
    ]
  const shown =
    fallback === undefined
      ? ''
      : ` ${stringify(fallback, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()}`
  return [comment, `# ${name}:${shown}`]
}
