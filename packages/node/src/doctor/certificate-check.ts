import { once } from 'node:events'
import { connect as connectTcp, isIP } from 'node:net'
import { checkServerIdentity, connect, getCACertificates, type TLSSocket } from 'node:tls'
import type { Check, CheckContext, Finding } from './check.ts'
import { eachFamily, inOneLine, isWithoutRoute, WITHOUT_ROUTE } from './each-family.ts'
import { partsOf } from './greet.ts'
import { describeNetError } from './net-error.ts'
import { LATE, orLate } from './or-late.ts'

const DAY_MS = 24 * 60 * 60_000
/** Certbot renews thirty days before the end, and somebody may be away for a week. */
const WARN_DAYS = 21
const CONNECT_MS = 5_000
const NO_ANSWER = `no answer within ${CONNECT_MS / 1_000} s`
const MAX_TARGETS = 16
/** What browsers and Node take. */
const TAKEN_VERSIONS: readonly string[] = ['TLSv1.2', 'TLSv1.3']

const RENEW =
  '"certbot renew" (or the authority that you have), then "nginx -s reload"; "systemctl list-timers" shows what does it by itself'
const TRUST = 'for an authority of your own start nodes and clients with NODE_EXTRA_CA_CERTS=FILE'

/** What the codes of OpenSSL mean to whoever runs the server. */
const CHAIN_PROBLEMS: Readonly<Record<string, readonly [message: string, advice: string]>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the certificate of its issuer is not sent along',
    `have the server send the whole chain (nginx: ssl_certificate …/fullchain.pem); ${TRUST}`,
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'a certificate of its chain is missing, or its authority is known to nobody',
    `have the server send the whole chain (nginx: ssl_certificate …/fullchain.pem); ${TRUST}`,
  ],
  SELF_SIGNED_CERT_IN_CHAIN: ['its authority is known to nobody', TRUST],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'it is signed by itself, and known to nobody',
    `get one of an authority, such as with certbot; or ${TRUST.slice(4)}`,
  ],
  CERT_HAS_EXPIRED: ['a certificate of its chain is over', RENEW],
}

/** To a certificate, after the name. */
type Way = 'route' | 'connection' | 'TLS'

/** A server that is to have a certificate. */
interface Target {
  /** As it is written. */
  readonly text: string
  readonly host: string
  readonly port: number
  /** Addresses that its host stands for; 0: of both kinds. */
  readonly family: 0 | 4 | 6
  readonly name: string
  /** Other nodes connect there, which trust what Node knows; otherwise browsers and programs, which trust what systems do. */
  readonly isForNodes: boolean
}

/** The certificates of what is in front of the node. */
export const certificateCheck: Check = {
  name: 'certificate',
  timeoutMs: 8_000,
  async run(context, signal) {
    if (context.config === undefined) return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    const targets = targetsOf(context)
    if (targets.length === 0) {
      return [
        { state: 'not-checked', message: 'no https in api.urls, and no /tls/ws in announce: there is none' },
      ]
    }
    return Promise.all(targets.slice(0, MAX_TARGETS).map((target) => lookAt(target, signal)))
  },
}

function targetsOf({ config }: CheckContext): Target[] {
  const urls = (config?.http.publicUrls ?? []).filter((url) => url.startsWith('https:'))
  const announced = (config?.announce ?? []).filter((address) => partsOf(address).isTls)
  return [
    ...urls.map((text) => {
      const { hostname, port } = new URL(text)
      const host = hostname.replace(/^\[|\]$/g, '')
      return { text, host, port: Number(port || 443), family: 0 as const, name: host, isForNodes: false }
    }),
    ...announced.map((text) => {
      const { host, port, family, serverName } = partsOf(text)
      return { text, host, port, family, name: serverName, isForNodes: true }
    }),
  ]
}

async function lookAt(target: Target, signal: AbortSignal): Promise<Finding> {
  const { text: subject, host, family } = target
  try {
    const beganMs = performance.now()
    const ips = await orLate(CONNECT_MS, signal, () => eachFamily(host, family))
    if (ips === LATE) return { subject, ...unreached('name', NO_ANSWER) }
    const leftMs = Math.max(1, CONNECT_MS - (performance.now() - beganMs))
    const found = await Promise.all(
      ips.map(async (ip) => ({ ip, ...(await lookAtOne(ip, target, { leftMs, signal })) })),
    )
    // Who does not get to the one takes the other.
    const isReached = found.some(({ at }) => at === undefined)
    const judged = found.map(({ ip, at, finding }) => ({
      ip,
      finding: isReached && at === 'connection' ? { ...finding, state: 'warning' as const } : finding,
    }))
    return { subject, ...inOneLine(host, judged) }
  } catch (error) {
    return { subject, ...unreached('name', describeNetError(error)) }
  }
}

/** @returns `at`: where on the way it failed */
async function lookAtOne(
  ip: string,
  target: Target,
  { leftMs, signal }: { readonly leftMs: number; readonly signal: AbortSignal },
): Promise<{ readonly at?: Way; readonly finding: Finding }> {
  const state: { at: Way } = { at: 'connection' }
  try {
    const found = await orLate(leftMs, signal, (ending) => shownBy(ip, target, state, ending))
    if (found === LATE) return { at: state.at, finding: unreached(state.at, NO_ANSWER) }
    return { finding: judge(found, target) }
  } catch (error) {
    if (isWithoutRoute(ip, error)) return { at: 'route', finding: WITHOUT_ROUTE }
    return { at: state.at, finding: unreached(state.at, describeNetError(error)) }
  }
}

function unreached(at: string, reason: string): Finding {
  return {
    state: 'failed',
    message: `not reached (${at}): ${reason}`,
    advice:
      at === 'TLS'
        ? 'see the error log of the proxy: it takes the connection, and offers no certificate that fits'
        : 'see to the proxy, its name and its port first',
    measured: { at },
  }
}

/** What a server shows. */
export interface ShownCertificate {
  readonly version: string
  readonly issuer: string
  readonly validFromMs: number
  readonly validToMs: number
  /** Why it is not for this name. */
  readonly nameProblem: string | undefined
  /** Code of what is wrong with the chain. */
  readonly chainProblem: string | undefined
}

async function shownBy(
  ip: string,
  { port, name, isForNodes }: Target,
  state: { at: Way },
  signal: AbortSignal,
): Promise<ShownCertificate> {
  const plain = connectTcp({ host: ip, port })
  signal.addEventListener('abort', () => plain.destroy())
  try {
    await once(plain, 'connect', { signal })
    state.at = 'TLS'
    const socket = connect({
      socket: plain,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      rejectUnauthorized: false,
      ca: trusted(isForNodes),
      // What it offers at best is to be seen, however old.
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    await once(socket, 'secureConnect', { signal })
    return read(socket, name)
  } finally {
    plain.destroy()
  }
}

function read(socket: TLSSocket, name: string): ShownCertificate {
  const certificate = socket.getPeerCertificate()
  // Of the chain alone: names and times are looked at below.
  const error = socket.authorizationError as Error | string | undefined
  const code = typeof error === 'string' ? error : (error as NodeJS.ErrnoException | undefined)?.code
  const isOfChain = code !== undefined && code !== null && code !== 'ERR_TLS_CERT_ALTNAME_INVALID'
  return {
    version: socket.getProtocol() ?? '',
    issuer: String(certificate.issuer?.O ?? certificate.issuer?.CN ?? 'nobody'),
    validFromMs: Date.parse(certificate.valid_from),
    validToMs: Date.parse(certificate.valid_to),
    nameProblem: checkServerIdentity(name, certificate)?.message,
    chainProblem: isOfChain ? code : undefined,
  }
}

/** What Node brings and was given (NODE_EXTRA_CA_CERTS); for those who are no nodes, also what the system trusts. */
function trusted(isForNodes: boolean): string[] {
  const known = getCACertificates('default')
  return isForNodes ? known : [...new Set([...known, ...getCACertificates('system')])]
}

function judge(shown: ShownCertificate, { name }: Pick<Target, 'name'>, nowMs = Date.now()): Finding {
  const { version, issuer, validFromMs, validToMs } = shown
  const days = Math.floor((validToMs - nowMs) / DAY_MS)
  const until = new Date(validToMs).toISOString().slice(0, 10)
  const measured = {
    version,
    issuer,
    validFrom: new Date(validFromMs).toISOString(),
    validTo: new Date(validToMs).toISOString(),
    days,
    chain: shown.chainProblem ?? 'ok',
  }
  const problems = problemsOf(shown, name, nowMs)
  const [first] = problems
  if (first !== undefined) {
    const message = problems.map(([text]) => text).join('; ')
    return { state: 'failed', message, advice: first[1], measured }
  }
  if (days < WARN_DAYS) {
    return {
      state: 'warning',
      message: `good for ${days} ${days === 1 ? 'day' : 'days'} only, until ${until}`,
      advice: RENEW,
      measured,
    }
  }
  return { state: 'ok', message: `good for ${days} days, until ${until}, of ${issuer}, ${version}`, measured }
}

function problemsOf(
  { version, validFromMs, validToMs, nameProblem, chainProblem }: ShownCertificate,
  name: string,
  nowMs: number,
): [message: string, advice: string][] {
  const problems: [string, string][] = []
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  if (nowMs > validToMs) problems.push([`it was good until ${day(validToMs)}`, RENEW])
  if (nowMs < validFromMs) {
    problems.push([
      `it is good from ${day(validFromMs)} on only`,
      'set the clock right, of this machine or of the one that made it',
    ])
  }
  if (nameProblem !== undefined) {
    problems.push([
      `it is not for ${name}`,
      `get one for that name, such as "certbot certonly -d ${name}", or set the name right where it is written`,
    ])
  }
  if (
    chainProblem !== undefined &&
    !(chainProblem === 'CERT_HAS_EXPIRED' && nowMs > validToMs) &&
    chainProblem !== 'CERT_NOT_YET_VALID'
  ) {
    const [message, advice] = CHAIN_PROBLEMS[chainProblem] ?? [`it is not trusted (${chainProblem})`, TRUST]
    problems.push([message, advice])
  }
  if (!TAKEN_VERSIONS.includes(version)) {
    problems.push([
      `it offers ${version} at best, which browsers and Node refuse`,
      'nginx: ssl_protocols TLSv1.2 TLSv1.3;',
    ])
  }
  return problems
}
