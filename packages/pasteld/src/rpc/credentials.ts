import { readFile } from 'node:fs/promises'
import { explainFileError } from '@pastel-mesh/identity'
import { PasteldError } from './pasteld-error.ts'

export interface CredentialsOptions {
  readonly user?: string
  readonly password?: string
  /** Read where there is no password. */
  readonly cookieFile?: string
}

/** Whom the core takes calls from: a user with a password, or whoever can read the cookie that it writes at its start. */
export class Credentials {
  readonly #options: CredentialsOptions
  #header: string | undefined
  #reading: Promise<string> | undefined

  constructor(options: CredentialsOptions) {
    this.#options = options
    const { user = '', password } = options
    if (password !== undefined) this.#header = basic(`${user}:${password}`)
  }

  /** The value of the header Authorization. @throws PasteldError ERR_PASTELD_UNREACHABLE (no cookie yet), ERR_PASTELD_AUTH */
  async header(): Promise<string> {
    return this.#header ?? (await this.#read())
  }

  /**
   * A header was refused.
   * @returns whether there is another one by now: a core that was started again has written a new cookie
   * @throws as {@link header}
   */
  async isRenewed(refused: string): Promise<boolean> {
    if (this.#options.password !== undefined) return false
    if (this.#header === refused) this.#header = undefined
    return (await this.header()) !== refused
  }

  /** What to compare when they are refused. */
  get advice(): string {
    const { password, cookieFile } = this.#options
    return password === undefined
      ? `${cookieFile} is not the cookie of this core: look at its data folder and network, and at the port`
      : 'compare user and password with rpcuser and rpcpassword in its pastel.conf'
  }

  #read(): Promise<string> {
    this.#reading ??= this.#readCookie().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readCookie(): Promise<string> {
    const { cookieFile } = this.#options
    if (cookieFile === undefined) {
      throw new PasteldError(
        'ERR_PASTELD_AUTH',
        'calls to the core need user and password, or its cookie file',
      )
    }
    let text: string
    try {
      text = await readFile(cookieFile, 'utf8')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT') {
        const message = `there is no ${cookieFile}: the core is not running, or has a password (rpcpassword in its pastel.conf)`
        throw new PasteldError('ERR_PASTELD_UNREACHABLE', message, { cause })
      }
      const message = `the core's cookie ${cookieFile} cannot be read: ${explainFileError(cause)}`
      throw new PasteldError('ERR_PASTELD_AUTH', message, { cause })
    }
    this.#header = basic(text.trim())
    return this.#header
  }
}

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}
