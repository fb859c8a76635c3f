import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { openServer } from '../../sdk-server/test/fixtures/open-server.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { answering } from './fixtures/answering.ts'
import { bundlePage } from './fixtures/browser/bundle.ts'
import { missingForBrowser, openBrowser, openPage } from './fixtures/browser/chromium.ts'

const FORGED = { topic: 'prices', messages: [{ text: 'forged' }] }
const wallet = privateKeyToAccount(`0x${'17'.repeat(32)}`)

if (missingForBrowser !== undefined) console.warn(missingForBrowser)

/** A site with a page that has the application in it. @returns its origin */
async function siteWith(script: string): Promise<string> {
  return answering((request, response) => {
    const isPage = request.url === '/'
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript')
    response.end(
      isPage ? '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>' : script,
    )
  })
}

async function textsOf({ node }: Awaited<ReturnType<typeof openServer>>): Promise<string[]> {
  const texts: string[] = []
  for await (const entry of node.messages())
    if (entry.kind === 'message') texts.push(Buffer.from(entry.body).toString())
  return texts
}

test.skipIf(missingForBrowser !== undefined)(
  'a page of an allowed origin logs in, publishes and sees what comes; one of another is refused',
  async () => {
    const script = await bundlePage()
    const [site, foreign] = [await siteWith(script), await siteWith(script)]
    const opened = await openServer({ http: { corsOrigins: [site] }, roles: { operators: [wallet.address] } })
    const { url = '' } = opened.server
    const browser = await openBrowser()
    const act = `publishAndSee(${JSON.stringify(url)}, ${JSON.stringify(wallet.address)})`

    const { page, problems } = await openPage(browser)
    await page.exposeFunction('signMessage', (message: string) => wallet.signMessage({ message }))
    await page.goto(site)
    expect(await page.evaluate(act)).toEqual({ role: 'operator', seen: ['stored', 'live'] })
    expect(problems).toEqual([])

    const other = await openPage(browser)
    await other.page.exposeFunction('signMessage', (message: string) => wallet.signMessage({ message }))
    await other.page.goto(foreign)
    expect(await other.page.evaluate(act)).toEqual({ code: 'ERR_UNREACHABLE' })
    expect(other.problems.join('\n')).toContain('blocked by CORS policy')
    // What a page may send without asking, and with what the browser knows of the other site, is a form.
    const sent = other.page.waitForResponse((response) => response.request().isNavigationRequest())
    await other.page.evaluate(`
      const form = document.createElement('form')
      form.method = 'POST'
      form.enctype = 'text/plain'
      form.action = ${JSON.stringify(`${url}/trpc/service.messages.publish`)}
      const field = form.appendChild(document.createElement('input'))
      field.name = ${JSON.stringify(JSON.stringify({ json: FORGED }))}
      document.documentElement.append(form)
      form.submit()
    `)
    expect((await sent).status()).toBe(415)
    expect(await textsOf(opened)).toEqual(['stored', 'live'])
  },
)

test.skipIf(missingForBrowser !== undefined)(
  'the documentation page is shown as it is meant, and its policy refuses nothing of it',
  async () => {
    const { server } = await openServer({ http: { port: await freePort() } })
    const { page, problems } = await openPage(await openBrowser())
    const response = await page.goto(server.url ?? '')
    expect(response?.headers()['content-security-policy']).toContain("default-src 'self'")
    expect(await page.title()).toBe('Pastel Mesh: the API of this node')
    expect(await page.locator('section').count()).toBeGreaterThan(10)
    // Of its own style, which the policy has to let through.
    expect(
      await page.locator('pre').first().evaluate('(pre) => getComputedStyle(pre).borderRadius'),
    ).not.toBe('0px')
    await page.locator('nav a').first().click()
    expect(new URL(page.url()).hash).toMatch(/^#service\./)
    await page.getByRole('link', { name: '/api/v1/openapi.json' }).click()
    // Until then only a part of it is there.
    await page.waitForURL('**/api/v1/openapi.json', { waitUntil: 'load' })
    expect(JSON.parse(await page.locator('body').innerText()).openapi).toMatch(/^3\.1/)
    expect(problems).toEqual([])
  },
)
