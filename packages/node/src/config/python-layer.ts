import { CONFIG_KEYS } from './config-keys.ts'
import type { EnvFile } from './env-file.ts'
import { type Environment, findVariable } from './environment.ts'
import { describeOrigin } from './origin.ts'
import type { Setting, Source } from './setting.ts'

/** What Pastel's Python layer calls what is a key here. */
const NAMES: Readonly<Record<string, { readonly key: string; readonly toValue: (text: string) => string }>> =
  {
    // It listens on all addresses; this node does so only where somebody says it.
    UVICORN_PORT: { key: 'api.listen', toValue: (port) => `127.0.0.1:${port}` },
    NUMBER_OF_DAYS_BEFORE_MESSAGES_ARE_CONSIDERED_OBSOLETE: {
      key: 'retention.maxAge',
      toValue: (days) => `${days}d`,
    },
  }

/** What has no key here, and why; whoever sets it has to hear of it. */
const IGNORED: Readonly<Record<string, string>> = {
  TEMP_OVERRIDE_LOCALHOST_ONLY:
    "IS IGNORED: Pastel's endpoints that send and read without a session are for programs of this machine alone, and nothing opens them to others",
  CHALLENGE_EXPIRATION_TIME_IN_SECONDS: 'is ignored: challenges last 300 s here',
  LOCAL_PASTEL_ID_PASSPHRASE: 'is not read: put the passphrase into a file that pasteld.passphraseFile names',
  MY_PASTELID_PASSPHRASE: 'is not read: put the passphrase into a file that pasteld.passphraseFile names',
}

/** Where one of these is set, the node is one of Pastel, and not of somebody else who has the same names. */
function isPastels(sources: readonly Source[]): boolean {
  const settings = sources.flatMap((source) => [...source.settings])
  return settings.some(([path]) => path.startsWith('pasteld.') || path === 'api.pastel')
}

export interface PythonLayerSource extends Source {
  readonly warnings: readonly string[]
}

/**
 * The variables by which Pastel's Python layer is set, where the other sources say that the node is one of Pastel: they win
 * over defaults alone.
 */
export function pythonLayerSource(
  others: readonly Source[],
  env: Environment,
  envFile: EnvFile | undefined,
): PythonLayerSource {
  const settings = new Map<string, Setting>()
  if (!isPastels(others)) return { settings, problems: [], warnings: [] }
  for (const [name, { key: path, toValue }] of Object.entries(NAMES)) {
    const key = CONFIG_KEYS.find((known) => known.path === path)
    const found = findVariable(name, env, envFile)
    if (key === undefined || found === undefined) continue
    settings.set(path, { key, value: toValue(found.text.trim()), origin: found.origin })
  }
  const warnings = Object.entries(IGNORED).flatMap(([name, reason]) => {
    const found = findVariable(name, env, envFile)
    return found === undefined ? [] : [`${describeOrigin(found.origin)} ${reason}`]
  })
  return { settings, problems: [], warnings }
}
