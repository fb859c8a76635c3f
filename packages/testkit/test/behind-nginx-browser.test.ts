import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { bundlePage } from '../../sdk-client/test/fixtures/browser/bundle.ts'
import { missingForBrowser, openBrowser, openPage } from '../../sdk-client/test/fixtures/browser/chromium.ts'
import { wallet } from '../../sdk-client/test/fixtures/outside/people.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { PAGES, START_MS, servedBehindNginx } from './fixtures/served-behind-nginx.ts'

const served = servedBehindNginx()
const missing = missingForNginx ?? missingForBrowser

/** A browser that takes the certificate of nginx as good, and no other that nobody vouches for. */
async function openTrustingBrowser() {
  const pem = await readFile(served.nginx.certificateFile)
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  const hash = createHash('sha256').update(key).digest('base64')
  return openBrowser([
    `--ignore-certificate-errors-spki-list=${hash}`,
    // It would ask whoever sits before it whether a page of elsewhere may call this machine.
    '--disable-features=LocalNetworkAccessChecks',
  ])
}

describe.skipIf(missing !== undefined)('in a browser, behind nginx', () => {
  test(
    'the documentation page is shown as it is meant, with the headers that demand TLS',
    async () => {
      const { page, problems } = await openPage(await openTrustingBrowser())
      const response = await page.goto(served.nginx.url)
      const headers = (await response?.allHeaders()) ?? {}
      expect(headers['strict-transport-security']).toBe('max-age=31536000')
      expect(headers['content-security-policy']).toContain("default-src 'self'")
      expect(headers['content-security-policy']).toContain('upgrade-insecure-requests')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['x-frame-options']).toBe('SAMEORIGIN')
      expect(await page.title()).toBe('Pastel Mesh: the API of this node')
      expect(await page.locator('pre').first().innerText()).toContain(`curl '${served.nginx.url}/api/v1`)
      await page.getByRole('link', { name: '/api/v1/openapi.json' }).click()
      // Until then only a part of it is there.
      await page.waitForURL('**/api/v1/openapi.json', { waitUntil: 'load' })
      expect(JSON.parse(await page.locator('body').innerText()).openapi).toMatch(/^3\.1/)
      expect(problems).toEqual([])
    },
    START_MS,
  )

  test(
    'a page of another origin logs in, publishes and sees what comes',
    async () => {
      const { page, problems } = await openPage(await openTrustingBrowser())
      const script = await bundlePage()
      await page.route(`${PAGES}/**`, (route) =>
        route.fulfill(
          route.request().url().endsWith('.js')
            ? { contentType: 'text/javascript', body: script }
            : {
                contentType: 'text/html',
                body: '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>',
              },
        ),
      )
      await page.exposeFunction('signMessage', (message: string) => wallet.signMessage({ message }))
      await page.goto(`${PAGES}/`)
      const act = `publishAndSee(${JSON.stringify(served.nginx.url)}, ${JSON.stringify(wallet.address)})`
      const told = await page.evaluate(act)
      expect({ told, problems }).toEqual({
        told: { role: 'operator', seen: ['stored', 'live'] },
        problems: [],
      })
    },
    START_MS,
  )
})
