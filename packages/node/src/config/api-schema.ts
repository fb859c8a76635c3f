import { isPastelId } from '@pastel-mesh/identity'
import { z } from 'zod'
import { parseApiListen } from './api-listen.ts'
import { keyRegistry } from './config-key.ts'
import { count, list, read, text, yesOrNo } from './value-schemas.ts'

/** Hundreds of times what a node answers: as good as no limit. */
const MAX_CALL_RATE = 1_000_000

const proxy = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
    error: 'not an address such as 127.0.0.1, and no network such as 10.0.0.0/8',
  })
  .refine((address) => !address.endsWith('/0'), 'everybody is no proxy')

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

function isWebOrigin(text: string): boolean {
  return isOrigin(text) && /^https?:/.test(text)
}

function subjects(may: string, flag: string) {
  return list(text.refine(isSubject, 'not a PastelID, and no address of a wallet (0x and 40 digits)'))
    .prefault([])
    .register(keyRegistry, {
      kind: 'text',
      about: `who may log in to the API and ${may}: a PastelID, or the 0x address of a wallet`,
      placeholder: '<subject>',
      isList: true,
      flag,
    })
}

function isSubject(text: string): boolean {
  return isPastelId(text) || /^0x[0-9a-f]{40}$/i.test(text)
}

/** How the API is reached, and by whom. */
export const apiSchema = z
  .strictObject({
    listen: text.transform(read(parseApiListen)).prefault('127.0.0.1:7123').register(keyRegistry, {
      kind: 'text',
      about: 'where the API is served by HTTP: ADDRESS:PORT, *:PORT, or off',
      placeholder: '<address>',
    }),
    hosts: list(text.min(1, { error: 'give a name' }))
      .prefault([])
      .register(keyRegistry, {
        kind: 'text',
        about:
          'name under which the API is reached, beside localhost and IP addresses; a request that asks for another is refused',
        placeholder: '<name>',
        isList: true,
      }),
    urls: list(text.refine(isWebOrigin, 'not scheme, name and port such as https://node.example'))
      .prefault([])
      .register(keyRegistry, {
        kind: 'text',
        about:
          'URL at which the API is reached through a proxy, such as https://node.example: logins are for these alone; without any for http and the address and port of api.listen, and its names',
        placeholder: '<url>',
        isList: true,
      }),
    proxies: list(proxy).prefault([]).register(keyRegistry, {
      kind: 'text',
      about:
        'proxy in front of the API and of the WebSockets of listen, an address or a network such as 10.0.0.0/8: limits, bans and logs have the caller, or the peer, that it names in X-Forwarded-For, otherwise all who come through it count as one',
      placeholder: '<address>',
      isList: true,
    }),
    origins: list(text.refine(isOrigin, 'not an origin such as https://app.example'))
      .prefault([])
      .register(keyRegistry, {
        kind: 'text',
        about: 'origin of web pages that may call the API, such as https://app.example',
        placeholder: '<origin>',
        isList: true,
      }),
    callRate: z
      .strictObject({
        perSecond: count(1, MAX_CALL_RATE).prefault(1_000).register(keyRegistry, {
          kind: 'count',
          about: 'calls a second that one session, or service key, may make',
          placeholder: '<count>',
        }),
        burst: count(1, MAX_CALL_RATE).prefault(4_000).register(keyRegistry, {
          kind: 'count',
          about: 'calls that one session, or service key, may make at once, after it was quiet',
          placeholder: '<count>',
        }),
      })
      .prefault({}),
    pastel: yesOrNo.prefault(false).register(keyRegistry, {
      kind: 'boolean',
      about:
        "serve the HTTP endpoints of Pastel's Python layer as well, such as /send_message, for programs of this machine that know them",
      placeholder: '[yes|no]',
    }),
    admins: subjects('change everything', '--admin'),
    operators: subjects('send, and do what a node needs from day to day', '--operator'),
    viewers: subjects('look', '--viewer'),
  })
  .prefault({})
