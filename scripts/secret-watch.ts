import childProcess from 'node:child_process'
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { MASTERNODE_KEY_PREFIX, PASSPHRASE_PREFIX } from '../packages/testkit/src/secrets.ts'

const SECRETS = [PASSPHRASE_PREFIX, MASTERNODE_KEY_PREFIX].map((prefix) => Buffer.from(prefix))
/** What is read of files as logs: by their names, and by that of their folder. */
const LOG_FILE = /\.log(?:\.\d+)?$|(?:^|\/)logs?\//

/** What comes before a secret, of which it can be told where it was written. */
const SHOWN_BYTES = 200

/** Where a secret was found; without the secret. */
export type OnSecret = (where: string) => void

/** Characters of a command line that are told. */
const SHOWN_NAME = 200

/** Looks for secrets in what is written piece by piece. */
export function secretFinder(name: string, onSecret: OnSecret): (piece: Uint8Array | string) => void {
  const searches = SECRETS.map((secret) => {
    // The end of a piece, with which one may begin that goes on in the next.
    let carried: Buffer = Buffer.alloc(0)
    return (piece: Uint8Array) => {
      const text = Buffer.concat([carried, piece])
      carried = text.subarray(Math.max(0, text.length - secret.length + 1))
      const at = text.indexOf(secret)
      if (at === -1) return
      const before = text.subarray(Math.max(0, at - SHOWN_BYTES), at).toString()
      onSecret(`${name.slice(0, SHOWN_NAME)}: ${before.slice(before.lastIndexOf('\n') + 1)}<secret>`)
    }
  })
  return (piece) => {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (const search of searches) search(bytes)
  }
}

/** A function of one of Node's modules, of which as much is known here as is needed. */
type Call = (this: unknown, ...args: unknown[]) => unknown

function wrap(owner: object, name: string, around: (call: Call) => Call): void {
  Reflect.set(owner, name, around(Reflect.get(owner, name) as Call))
}

/**
 * From here on, what the children of this process write to their pipes is searched, and log files before they are
 * removed. What they write to inherited outputs is for whoever reads those of this process.
 */
export function watchForSecrets(onSecret: OnSecret): void {
  const lookAt = (name: string, text: unknown) => {
    if (typeof text === 'string' || text instanceof Uint8Array) secretFinder(name, onSecret)(text)
  }

  // Everything that starts a child and does not wait for it.
  wrap(
    childProcess.ChildProcess.prototype,
    'spawn',
    (spawn) =>
      function (...args) {
        const result = spawn.apply(this, args)
        const name = (args[0] as { args: string[] }).args.join(' ')
        const { stdout, stderr } = this as { stdout: Readable | null; stderr: Readable | null }
        for (const stream of [stdout, stderr]) {
          if (stream === null || stream === undefined) continue
          const find = secretFinder(name, onSecret)
          // Before anybody reads, and whether or not anybody does: `data` has no listener more than it had.
          wrap(
            stream,
            'push',
            (push) =>
              function (piece, ...rest) {
                if (typeof piece === 'string' || piece instanceof Uint8Array) find(piece)
                return push.call(this, piece, ...rest)
              },
          )
        }
        return result
      },
  )
  for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
    wrap(
      childProcess,
      name,
      (call) =>
        function (...args) {
          const command = [args[0], ...(Array.isArray(args[1]) ? args[1] : [])].join(' ')
          const outputs = (result: unknown) => {
            if (typeof result !== 'object' || result === null || result instanceof Uint8Array) return [result]
            return 'stdout' in result && 'stderr' in result ? [result.stdout, result.stderr] : []
          }
          try {
            const result = call.apply(this, args)
            for (const output of outputs(result)) lookAt(command, output)
            return result
          } catch (error) {
            for (const output of outputs(error)) lookAt(command, output)
            throw error
          }
        },
    )
  }

  const lookIntoLogs = (path: unknown) => {
    for (const file of logsIn(String(path))) {
      try {
        lookAt(file, fs.readFileSync(file))
      } catch {
        // Gone meanwhile, or not to be read.
      }
    }
  }
  wrap(
    promises,
    'rm',
    (rm) =>
      function (...args) {
        lookIntoLogs(args[0])
        return rm.apply(this, args)
      },
  )
  wrap(
    fs,
    'rmSync',
    (rmSync) =>
      function (...args) {
        lookIntoLogs(args[0])
        return rmSync.apply(this, args)
      },
  )
  syncBuiltinESMExports()
}

function logsIn(path: string): string[] {
  try {
    if (!fs.statSync(path).isDirectory()) return LOG_FILE.test(path) ? [path] : []
    return fs
      .readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => LOG_FILE.test(file))
  } catch {
    return []
  }
}
