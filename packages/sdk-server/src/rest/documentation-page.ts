import { pastelSection } from '../pastel/pastel-section.ts'
import { API_PATH } from './api-path.ts'
import type { Operation } from './operations.ts'
import { curlOf, escapeHtml } from './page-parts.ts'
import { TAGS } from './rest-operation.ts'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem 4rem }
code, pre { font: 0.875rem/1.5 ui-monospace, monospace }
pre { background: #8882; border-radius: 0.4rem; overflow-x: auto; padding: 0.75rem }
section { border-top: 1px solid #8886; margin-top: 1.5rem }
.method { border: 1px solid currentColor; border-radius: 0.3rem; padding: 0 0.35rem }
nav ul { columns: 22rem; list-style: none; padding: 0 }
table { border-collapse: collapse } td { padding: 0.1rem 1rem 0.1rem 0; vertical-align: top }
`

/**
 * The page at `/`: every operation with an example. Plain HTML without scripts, which nothing has to be allowed for.
 * @param url where the server is reached, for the examples
 */
export function documentationPage(
  operations: readonly Operation[],
  url: string,
  { withPastel = false }: { readonly withPastel?: boolean } = {},
): string {
  const pastel = withPastel ? pastelSection(url) : { links: '', sections: '' }
  const groups = Object.entries(TAGS).map(([tag, about]) => ({
    tag,
    about,
    members: operations.filter((operation) => operation.tag === tag),
  }))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pastel Mesh: the API of this node</title>
<style>${STYLE}</style>
</head>
<body>
<h1>The API of this node</h1>
<p>Everything that applications do, over plain HTTP and JSON. The same as an OpenAPI 3.1 document, for tools and code generators: <a href="${API_PATH}/openapi.json">${API_PATH}/openapi.json</a>. Programs in TypeScript have the typed client; what is followed live is at <code>/trpc</code>.</p>
<p>Log in with a service key, or with the access token of a session, in the header <code>authorization</code>. The examples read it from <code>$PMESH_KEY</code>.</p>
<p>Times are ms since 1970 where the name ends in <code>Ms</code>, and ISO 8601 otherwise. What is refused or fails is answered with <code>{"code", "message", "meshCode"}</code>: the first goes with the status, the last is stable, such as <code>ERR_TOPIC_NAME</code>, and absent where the input has the wrong form.</p>
<nav>${groups.map(({ tag, members }) => `<h2>${tag}</h2><ul>${members.map(link).join('')}</ul>`).join('')}${pastel.links}</nav>
<main>${groups.map(({ tag, about, members }) => `<h2>${tag}</h2><p>${escapeHtml(about)}</p>${members.map((one) => section(one, url)).join('')}`).join('')}${pastel.sections}</main>
</body>
</html>
`
}

function link({ procedure, method, path, summary }: Operation): string {
  return `<li><a href="#${procedure}"><code>${method} ${escapeHtml(path)}</code></a> ${escapeHtml(summary)}</li>`
}

function section(operation: Operation, url: string): string {
  const { procedure, method, path, summary, description, access, input, example } = operation
  const needs =
    access.role === 'anyone'
      ? 'Anybody may call it.'
      : `Takes the role ${access.role}${access.scope === undefined ? '' : `, or a service key with the scope ${access.scope}`}.`
  const fields = Object.keys(input?.shape ?? {})
  return `<section id="${procedure}">
<h3><span class="method">${method}</span> <code>${API_PATH}${escapeHtml(path)}</code></h3>
<p><strong>${escapeHtml(summary)}.</strong> ${escapeHtml(description)}</p>
<p>${needs}${fields.length === 0 ? '' : ` Input: ${fields.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ')}.`}</p>
<pre>${escapeHtml(curlOf({ method, path: `${API_PATH}${path}`, input: example.input ?? {}, hasLogin: access.role !== 'anyone' }, url))}</pre>
<pre>${escapeHtml(JSON.stringify(example.output, null, 2))}</pre>
</section>`
}
