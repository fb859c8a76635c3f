import { curlOf, escapeHtml } from '../rest/page-parts.ts'
import { PASTEL_OPERATIONS, type PastelOperation } from './pastel-operations.ts'
import { PASTEL_ABOUT, PASTEL_TAG } from './pastel-paths.ts'

/** What the documentation page has of Pastel's endpoints. @param url where the server is reached */
export function pastelSection(url: string): { readonly links: string; readonly sections: string } {
  const operations = Object.entries<PastelOperation>(PASTEL_OPERATIONS)
  const links = operations.map(
    ([name, { method, path, summary }]) =>
      `<li><a href="#pastel.${name}"><code>${method} ${escapeHtml(path)}</code></a> ${escapeHtml(summary)}</li>`,
  )
  const sections = operations.map(([name, operation]) => section(name, operation, url))
  return {
    links: `<h2>${PASTEL_TAG}</h2><ul>${links.join('')}</ul>`,
    sections: `<h2>${PASTEL_TAG}</h2><p>${escapeHtml(PASTEL_ABOUT)}</p>${sections.join('')}`,
  }
}

function section(name: string, operation: PastelOperation, url: string): string {
  const { method, path, isLocal, summary, description, input, inputIn, example } = operation
  const fields = Object.keys(input?.shape ?? {}).map((field) => `<code>${escapeHtml(field)}</code>`)
  const answer = typeof example.output === 'string' ? example.output : JSON.stringify(example.output, null, 2)
  const isForm = method === 'POST' && inputIn !== 'body'
  return `<section id="pastel.${name}">
<h3><span class="method">${method}</span> <code>${escapeHtml(path)}</code></h3>
<p><strong>${escapeHtml(summary)}.</strong> ${escapeHtml(description)}</p>
<p>${isLocal ? 'Only for programs on the machine of the node.' : 'Anybody may call it.'}${fields.length === 0 ? '' : ` Input: ${fields.join(', ')}.`}</p>
<pre>${escapeHtml(curlOf({ method, path, input: example.input ?? {}, isForm }, url))}</pre>
<pre>${escapeHtml(answer)}</pre>
</section>`
}
