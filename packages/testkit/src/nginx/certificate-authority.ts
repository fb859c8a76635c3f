import { execFile } from 'node:child_process'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const SHORT = ['-nodes', '-days', '2']

/** An authority that nobody trusts unless it is told to, and that is thrown away. Made with openssl. */
export class CertificateAuthority {
  readonly #folder: string
  /** PEM, for `NODE_EXTRA_CA_CERTS`. */
  readonly file: string
  /** What {@link file} holds. */
  readonly certificate: string

  static async create(folder: string): Promise<CertificateAuthority> {
    await mkdir(folder, { recursive: true })
    const [key, file] = [join(folder, 'authority.key'), join(folder, 'authority.pem')]
    await run('openssl', [
      ...['req', '-x509', ...SHORT, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-keyout', key, '-out', file, '-subj', '/CN=nobody'],
    ])
    return new CertificateAuthority(folder, file, await readFile(file, 'utf8'))
  }

  private constructor(folder: string, file: string, certificate: string) {
    this.#folder = folder
    this.file = file
    this.certificate = certificate
  }

  /** Writes `fullchain.pem` and `privkey.pem`, with a new key, as certbot does; what was there is replaced at once. */
  async issue(folder: string, names: readonly string[]): Promise<void> {
    await mkdir(folder, { recursive: true })
    const [key, file] = [join(folder, 'new.key'), join(folder, 'new.pem')]
    await run('openssl', [
      ...['req', '-x509', '-CA', this.file, '-CAkey', join(this.#folder, 'authority.key')],
      // Of RSA, with which there are ciphers that the file with the parameters of Diffie and Hellman is for.
      ...[...SHORT, '-newkey', 'rsa:2048'],
      ...['-keyout', key, '-out', file, '-subj', `/CN=${names[0]}`],
      ...['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ])
    await rename(key, join(folder, 'privkey.pem'))
    await rename(file, join(folder, 'fullchain.pem'))
  }
}
