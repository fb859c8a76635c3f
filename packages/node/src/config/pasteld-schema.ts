import { isPastelId } from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { keyRegistry } from './config-key.ts'
import { parseRoleRule } from './role-rule.ts'
import { count, duration, list, read, text, yesOrNo } from './value-schemas.ts'

const DAY_MS = 24 * 60 * 60_000
/** Beyond that no list says anything of who is a supernode now. */
const MAX_LIST_AGE_MS = 365 * DAY_MS
const STATUS = /^[A-Z][A-Z_]{0,31}$/

function isCoreUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '' && pathname === '/'
}

function isEachOnce(rules: readonly string[]): boolean {
  const roles = rules.map((rule) => rule.slice(0, rule.indexOf('=')))
  return new Set(roles).size === roles.length
}

const path = text.min(1, { error: 'give the path of a file' })

/** The Pastel core, and what it is used for. */
export const pasteldSchema = z
  .strictObject({
    conf: path.prefault('off').register(keyRegistry, {
      kind: 'text',
      about:
        "the Pastel core's pastel.conf, which says where the core is; default: the one in the core's own folder, such as ~/.pastel/pastel.conf; off: there is no core, unless pasteld.url says where",
      placeholder: '<path|default|off>',
    }),
    url: text
      .refine(isCoreUrl, 'not http://HOST:PORT, without user and password')
      .optional()
      .register(keyRegistry, {
        kind: 'text',
        about:
          'where the RPC of the core is, where pastel.conf does not say it, such as http://127.0.0.1:9932',
        placeholder: '<url>',
        otherwise: 'by pastel.conf',
        hidesWrong: true,
      }),
    user: text.min(1, { error: 'give a name' }).optional().register(keyRegistry, {
      kind: 'text',
      about: 'rpcuser of the core',
      placeholder: '<name>',
      otherwise: 'by pastel.conf',
    }),
    passwordFile: path.optional().register(keyRegistry, {
      kind: 'text',
      about:
        "file with the core's rpcpassword, relative to the data folder; without it that of pastel.conf, or the core's .cookie",
      placeholder: '<path>',
      otherwise: 'by pastel.conf',
    }),
    concurrency: count(1, 1_000).prefault(30).register(keyRegistry, {
      kind: 'count',
      about: 'calls that are made to the core at a time',
      placeholder: '<count>',
    }),
    signer: text.refine(isPastelId, 'not a PastelID').optional().register(keyRegistry, {
      kind: 'text',
      about:
        'PastelID that the node is, and whose key stays in the core, which signs for it; the node then needs no key file',
      placeholder: '<pastelid>',
      otherwise: 'the key is in the data folder',
    }),
    passphraseFile: path.optional().register(keyRegistry, {
      kind: 'text',
      about: 'file with the passphrase of pasteld.signer in the core, relative to the data folder',
      placeholder: '<path>',
      otherwise: 'asked for',
    }),
    members: z
      .strictObject({
        statuses: list(text.regex(STATUS, { error: 'not a status of a masternode such as ENABLED' }))
          .prefault(['ENABLED', 'PRE_ENABLED'])
          .register(keyRegistry, {
            kind: 'text',
            about: 'with members: pasteld, status of supernodes that are members',
            placeholder: '<status>',
            isList: true,
          }),
        roles: list(text.transform(read((rule: string) => parseRoleRule(rule, isRoleName))))
          .refine(isEachOnce, 'a role is there twice: leave one rule of it')
          .prefault([])
          .register(keyRegistry, {
            kind: 'text',
            about:
              'with members: pasteld, role of supernodes: ROLE=rank<=10 or ROLE=STATUS, the first that fits; member without any',
            placeholder: '<role=rule>',
            isList: true,
          }),
        maxAge: duration(MAX_LIST_AGE_MS).prefault('1d').register(keyRegistry, {
          kind: 'duration',
          about:
            'with members: pasteld, how long the last list of supernodes counts while the core cannot be asked; then nobody but the node itself is a member',
          placeholder: '<duration>',
        }),
      })
      .prefault({}),
    bridge: z
      .strictObject({
        enabled: yesOrNo.prefault(true).register(keyRegistry, {
          kind: 'boolean',
          about: 'exchange messages with supernodes that speak only through their cores',
          placeholder: '[yes|no]',
        }),
        after: duration(20 * DAY_MS)
          .prefault('60s')
          .register(keyRegistry, {
            kind: 'duration',
            about:
              'how long a direct message waits for its recipient on the mesh before it goes through the core, which does not encrypt it',
            placeholder: '<duration>',
          }),
        poll: duration(DAY_MS).prefault('10s').register(keyRegistry, {
          kind: 'duration',
          about: 'how often the core is asked for messages',
          placeholder: '<duration>',
        }),
      })
      .prefault({}),
  })
  .prefault({})
