import { pathNames } from './operations.ts'

/** A call that the page shows. */
export interface ShownCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly input: Readonly<Record<string, unknown>>
  readonly hasLogin?: boolean
  /** The input is posted as a form, not as JSON. */
  readonly isForm?: boolean
}

/** How it is made from a shell. @param url where the server is reached */
export function curlOf(
  { method, path, input, hasLogin = false, isForm = false }: ShownCall,
  url: string,
): string {
  const names = pathNames(path)
  const inPath = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(input[name])))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input)) if (!names.includes(name)) query.set(name, String(value))
  const search = method === 'GET' && query.size > 0 ? `?${query}` : ''
  const login = hasLogin ? ' \\\n  -H "authorization: Bearer $PMESH_KEY"' : ''
  return `curl '${url}${inPath}${search}'${login}${method === 'POST' ? bodyOf(input, isForm) : ''}`
}

function bodyOf(input: ShownCall['input'], isForm: boolean): string {
  if (!isForm) return ` \\\n  -H 'content-type: application/json' \\\n  -d ${quote(JSON.stringify(input))}`
  return Object.entries(input)
    .map(([name, value]) => ` \\\n  --data-urlencode ${quote(`${name}=${value}`)}`)
    .join('')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
