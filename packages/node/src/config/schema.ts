import { isPastelId, withoutPassword } from '@pastel-mesh/identity'
import { isNetworkName, isTopicName } from '@pastel-mesh/protocol'
import { z } from 'zod'
import { DEFAULT_DATA_DIR } from '../data-folder.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../log/log-options.ts'
import { parseListenAddress, parsePeerAddress } from './addresses.ts'
import { parseApiListen } from './api-listen.ts'
import { apiSchema } from './api-schema.ts'
import { pasteldConflicts } from './check-pasteld.ts'
import { keyRegistry } from './config-key.ts'
import { pasteldSchema } from './pasteld-schema.ts'
import { parseQueueDriver, QUEUE_SERVERS } from './queue-driver.ts'
import { count, duration, list, read, size, text, yesOrNo } from './value-schemas.ts'

const DAY_MS = 24 * 60 * 60_000
/** The longest that a timer of Node can wait is 24.8 days; with more it fires at once. */
const MAX_TIMER_MS = 24 * DAY_MS
/** A hundred years: more is a mistake. */
const MAX_HISTORY_MS = 36_500 * DAY_MS

const listenAddress = text.transform(read(parseListenAddress))
const peerAddress = text.transform(read(parsePeerAddress))

function rates(what: string) {
  const rate = (unit: string) => `${unit} a second that one ${what} may deliver`
  const burst = (unit: string) => `${unit} that one ${what} may deliver at once, after it was quiet`
  const bytes = { kind: 'size', placeholder: '<size>' } as const
  const batches = { kind: 'count', placeholder: '<count>' } as const
  return z
    .strictObject({
      bytes: z
        .strictObject({
          perSecond: size(1)
            .prefault('48MiB')
            .register(keyRegistry, { ...bytes, about: rate('bytes') }),
          burst: size(1)
            .prefault('192MiB')
            .register(keyRegistry, { ...bytes, about: burst('bytes') }),
        })
        .prefault({}),
      batches: z
        .strictObject({
          perSecond: count(1, 1e9)
            .prefault(4_000)
            .register(keyRegistry, { ...batches, about: rate('batches') }),
          burst: count(1, 1e9)
            .prefault(20_000)
            .register(keyRegistry, { ...batches, about: burst('batches') }),
        })
        .prefault({}),
    })
    .prefault({})
}

function jobRetention(what: string, maxAge: string, maxCount: number) {
  return z
    .strictObject({
      maxAge: duration(MAX_HISTORY_MS)
        .prefault(maxAge)
        .register(keyRegistry, {
          kind: 'duration',
          about: `how long jobs that ${what} can still be looked at`,
          placeholder: '<duration>',
        }),
      maxCount: count(0, 1e9)
        .prefault(maxCount)
        .register(keyRegistry, {
          kind: 'count',
          about: `how many jobs that ${what} are kept, the newest`,
          placeholder: '<count>',
        }),
    })
    .prefault({})
}

const keysSchema = z.strictObject({
  /** No key: the file lies in it. */
  dataDir: text.min(1, { error: 'give the path of a folder' }).prefault(DEFAULT_DATA_DIR),
  network: text
    .refine(isNetworkName, 'not a network name: use 1 to 32 lower-case letters, digits and inner hyphens')
    .prefault('local')
    .register(keyRegistry, {
      kind: 'text',
      about: 'nodes of different networks never mix',
      placeholder: '<name>',
      short: 'n',
    }),
  identity: text.refine(isPastelId, 'not a PastelID').optional().register(keyRegistry, {
    kind: 'text',
    about: 'which PastelID of the data folder the node is',
    placeholder: '<pastelid>',
    otherwise: 'the only one',
  }),
  listen: list(listenAddress).prefault(['/ip4/127.0.0.1/tcp/7124']).register(keyRegistry, {
    kind: 'text',
    about: 'address to listen on: ADDRESS:PORT, *:PORT, or a multiaddr, which for WebSockets ends in /ws',
    placeholder: '<address>',
    isList: true,
    short: 'l',
  }),
  announce: list(peerAddress).prefault([]).register(keyRegistry, {
    kind: 'text',
    about: 'address to tell others instead of those listened on',
    placeholder: '<address>',
    isList: true,
  }),
  bootstrap: list(peerAddress).prefault([]).register(keyRegistry, {
    kind: 'text',
    about: 'address of a node to stay connected to',
    placeholder: '<address>',
    isList: true,
    short: 'b',
  }),
  topics: list(text.refine(isTopicName, 'not a topic name such as prices or eu/prices'))
    .prefault([])
    .register(keyRegistry, {
      kind: 'text',
      about: 'topic to join and store',
      placeholder: '<name>',
      isList: true,
      flag: '--topic',
      short: 't',
    }),
  relay: yesOrNo.prefault(false).register(keyRegistry, {
    kind: 'boolean',
    about: 'carry every topic that a node of the network announces, 256 at most',
    placeholder: '[yes|no]',
  }),
  discover: yesOrNo.prefault(true).register(keyRegistry, {
    kind: 'boolean',
    about:
      'connect by itself to nodes it has heard of: to six members of each topic, or all, and to three nodes in any case',
    placeholder: '[yes|no]',
  }),
  members: z
    .enum(['file', 'open', 'pasteld'], { error: 'neither file nor open nor pasteld' })
    .prefault('file')
    .register(keyRegistry, {
      kind: 'choice',
      about:
        'who may take part; file: the PastelIDs in the file members of the data folder; open: anybody, with any key; pasteld: the supernodes that the Pastel core lists',
      placeholder: '<file|open|pasteld>',
    }),
  pasteld: pasteldSchema,
  manyPeersPerHost: yesOrNo.prefault(false).register(keyRegistry, {
    kind: 'boolean',
    about: 'no limits by address, for several nodes on one machine',
    placeholder: '[yes|no]',
  }),
  disk: z
    .strictObject({
      minFree: size(0).prefault('256MiB').register(keyRegistry, {
        kind: 'size',
        about: 'free disk space below which nothing new is accepted; 0: until the disk is full',
        placeholder: '<size>',
      }),
    })
    .prefault({}),
  sync: z
    .strictObject({
      interval: duration(MAX_TIMER_MS).prefault('4s').register(keyRegistry, {
        kind: 'duration',
        about: 'how often a few peers are asked for what gossip did not bring',
        placeholder: '<duration>',
      }),
      history: duration(MAX_HISTORY_MS).prefault('3d').register(keyRegistry, {
        kind: 'duration',
        about:
          'how far back a node that joins takes the history of its topics; what is missing before is not waited for',
        placeholder: '<duration>',
      }),
      lostAfter: duration(MAX_TIMER_MS).prefault('60s').register(keyRegistry, {
        kind: 'duration',
        about: 'when something is given up that all who can be reached have denied to have',
        placeholder: '<duration>',
      }),
    })
    .prefault({}),
  retention: z
    .strictObject({
      maxAge: duration(MAX_HISTORY_MS).prefault('30d').register(keyRegistry, {
        kind: 'duration',
        about: 'what came longer ago is removed; 3d unless it is set where pasteld says that there is a core',
        placeholder: '<duration>',
      }),
      maxSize: size(0).prefault('16GiB').register(keyRegistry, {
        kind: 'size',
        about:
          'how much is kept; above it whoever takes the most loses its oldest; the database takes somewhat more',
        placeholder: '<size>',
      }),
      interval: duration(MAX_TIMER_MS).prefault('10m').register(keyRegistry, {
        kind: 'duration',
        about: 'how often it is looked at what is to be removed',
        placeholder: '<duration>',
      }),
    })
    .prefault({}),
  mailbox: z
    .strictObject({
      enabled: yesOrNo.prefault(true).register(keyRegistry, {
        kind: 'boolean',
        about: 'keep direct messages, which it cannot read, for members that are away',
        placeholder: '[yes|no]',
      }),
      maxSize: size(0).prefault('1GiB').register(keyRegistry, {
        kind: 'size',
        about: 'how much is kept for others',
        placeholder: '<size>',
      }),
      maxSenderSize: size(0).prefault('64MiB').register(keyRegistry, {
        kind: 'size',
        about: 'how much of one sender is kept for others',
        placeholder: '<size>',
      }),
    })
    .prefault({}),
  outbox: z
    .strictObject({
      maxSize: size(1).prefault('1GiB').register(keyRegistry, {
        kind: 'size',
        about:
          'how much of what this node sent may wait for its delivery: it is kept, whatever retention says, until it arrives or expires, and above this nothing more is sent',
        placeholder: '<size>',
      }),
    })
    .prefault({}),
  queue: z
    .strictObject({
      driver: text
        .transform(read(parseQueueDriver))
        .prefault('level')
        .register(keyRegistry, {
          kind: 'text',
          about: `where jobs are kept; level: in the database of this node; or on a server that several nodes share, ${QUEUE_SERVERS}`,
          placeholder: '<level|url>',
          shown: withoutPassword,
        }),
      namespace: text
        .regex(/^[a-z][a-z0-9_]{0,31}$/, {
          error: 'use 1 to 32 lower-case letters, digits and underscores, a letter first',
        })
        .prefault('pmesh')
        .register(keyRegistry, {
          kind: 'text',
          about: 'tells several queues on one server apart; nodes with the same one do the same jobs',
          placeholder: '<name>',
        }),
      lockTime: duration(MAX_TIMER_MS).prefault('30s').register(keyRegistry, {
        kind: 'duration',
        about: 'on a server, how long a job is kept from other nodes when the one that did it has died',
        placeholder: '<duration>',
      }),
      concurrency: count(1, 10_000).prefault(100).register(keyRegistry, {
        kind: 'count',
        about: 'jobs that this node does at a time, of all names',
        placeholder: '<count>',
      }),
      maxStalls: count(1, 1_000).prefault(3).register(keyRegistry, {
        kind: 'count',
        about: 'a job during which the process died so often is not tried again',
        placeholder: '<count>',
      }),
      retention: z
        .strictObject({
          done: jobRetention('were done', '1d', 1_000),
          failed: jobRetention('failed', '30d', 100_000),
          cancelled: jobRetention('were cancelled', '7d', 10_000),
          expired: jobRetention('expired', '7d', 10_000),
        })
        .prefault({}),
    })
    .prefault({}),
  plugins: list(text.min(1, { error: 'give the name of a package, or the path of a file' }))
    .prefault([])
    .register(keyRegistry, {
      kind: 'text',
      about:
        'plugin: a package, or a file such as ./greeter.ts, looked for from the folder of the file that names it, or else from the current directory; what is set for it is in ext.NAME',
      placeholder: '<name|path>',
      isList: true,
      flag: '--plugin',
    }),
  /** No key: the folder from which packages and paths of `plugins` are looked for. @default the current directory */
  pluginsFrom: text.optional(),
  /** No key: sections of plugins by their names, each of which its plugin checks. */
  ext: z
    .record(
      z.string(),
      z.record(z.string(), z.unknown(), { error: 'not a section: it has keys of its own' }),
      {
        error: 'not a section: it has the names of plugins',
      },
    )
    .prefault({}),
  api: apiSchema,
  metrics: z
    .strictObject({
      listen: text.transform(read(parseApiListen)).prefault('127.0.0.1:7125').register(keyRegistry, {
        kind: 'text',
        about:
          'where /metrics (for Prometheus), /livez and /readyz are served, to whoever reaches it: ADDRESS:PORT, *:PORT, or off',
        placeholder: '<address>',
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(LOG_LEVELS, { error: `not a level: use ${LOG_LEVELS.join(', ')}` })
        .prefault('info')
        .register(keyRegistry, {
          kind: 'choice',
          about: `the least that is logged: ${LOG_LEVELS.join(', ')}`,
          placeholder: '<level>',
        }),
      format: z
        .enum(LOG_FORMATS, { error: `not a format: use ${LOG_FORMATS.join(', ')}` })
        .prefault('auto')
        .register(keyRegistry, {
          kind: 'choice',
          about: 'how the standard output is written; auto: for reading on a terminal, as JSON otherwise',
          placeholder: '<format>',
        }),
      file: text.min(1, { error: 'give the path of a file' }).optional().register(keyRegistry, {
        kind: 'text',
        about:
          'file to log to as well, as JSON, relative to the data folder; SIGHUP opens it anew, and reloads the settings',
        placeholder: '<path>',
        otherwise: 'none',
      }),
    })
    .prefault({}),
  stop: z
    .strictObject({
      timeout: duration(MAX_TIMER_MS).prefault('20s').register(keyRegistry, {
        kind: 'duration',
        about: 'how long a graceful stop may take',
        placeholder: '<duration>',
      }),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxBatchMessages: count(1, 512).prefault(512).register(keyRegistry, {
        kind: 'count',
        about: 'messages in one batch at most; lower values are for measuring',
        placeholder: '<count>',
      }),
      peerRates: rates('peer'),
      senderRates: rates('sender'),
    })
    .prefault({}),
})

/** Every key with its type, its default and what it means; flags, variables, the file and the reference follow it. */
export const configSchema = keysSchema.superRefine((config, context) => {
  for (const [path, message] of pasteldConflicts(config)) context.addIssue({ code: 'custom', path, message })
})

/** What a controller is started with: every key has a default. Durations and sizes as text, or in ms and bytes. */
export type ControllerConfig = z.input<typeof keysSchema>
/** The same, read. */
export type ReadConfig = z.output<typeof keysSchema>
