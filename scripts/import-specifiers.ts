/** A module that a source file names, and where. */
export interface ImportSpecifier {
  specifier: string
  /** Counted from 1. */
  line: number
}

interface Token {
  kind: 'word' | 'string' | 'mark'
  /** A word or mark as written; a string without its quotes. */
  text: string
  line: number
}

// One alternative a lexeme. Comments and white space match no group. A slash is a regular expression only
// where a value may begin, which `tokensOf` decides; a template ends a chunk at its `${`.
const LEXEME =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<word>[\p{ID_Start}$_#][\p{ID_Continue}$]*)|(?<quoted>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")|(?<mark>[\s\S])/uy
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y
const TEMPLATE_CHUNK = /(?<text>(?:\\[\s\S]|\$(?!\{)|[^`\\$])*)(?<end>`|\$\{)/y

const WORDS_BEFORE_A_VALUE = new Set(
  'await case delete do else in instanceof of return throw typeof void yield'.split(' '),
)

/**
 * The modules that a TypeScript source names: `import` and `export … from` (types too), `import()` in code
 * and in types, `require()` and `import.meta.resolve()`. Comments and strings that look like imports are not
 * imports. A module named by an expression cannot be known here and is left out.
 *
 * @example
 * importSpecifiers("import { a } from './a.ts'") // [{ specifier: './a.ts', line: 1 }]
 */
export function importSpecifiers(source: string): ImportSpecifier[] {
  const tokens = tokensOf(source)
  const found: ImportSpecifier[] = []
  for (const at of tokens.keys()) {
    const named = isMember(tokens, at) ? undefined : namedModule(tokens, at)
    if (named) found.push({ specifier: named.text, line: named.line })
  }
  return found
}

/** Whether the token follows a single dot, as in `loader.import`, and not a spread. */
function isMember(tokens: Token[], at: number): boolean {
  const isDot = (index: number) => tokens[index]?.kind === 'mark' && tokens[index].text === '.'
  return isDot(at - 1) && !isDot(at - 2)
}

/** The string that names a module in the statement or call that begins at `at`, if one does. */
function namedModule(tokens: Token[], at: number): Token | undefined {
  const text = (index: number) => (tokens[index]?.kind === 'string' ? undefined : tokens[index]?.text)
  const string = (index: number) => (tokens[index]?.kind === 'string' ? tokens[index] : undefined)
  const begins = text(at)
  if (begins === 'require') return text(at + 1) === '(' ? string(at + 2) : undefined
  if (begins !== 'import' && begins !== 'export') return undefined

  let next = at + 1
  if (begins === 'import') {
    if (text(next) === '(') return string(next + 1)
    if (text(next) === '.') {
      return text(next + 2) === '.' && text(next + 3) === 'resolve' ? string(next + 5) : undefined
    }
    if (string(next)) return string(next)
  }
  if (text(next) === 'type' && text(next + 1) !== 'from') next += 1
  if (begins === 'export' && text(next) !== '*' && text(next) !== '{') return undefined
  // The rest is names, marks and, rarely, a name in quotes; what follows `from` is the module.
  for (; next < tokens.length; next += 1) {
    if (text(next) === 'from' && string(next + 1)) return string(next + 1)
    if (text(next) === '}' && text(next + 1) !== 'from') return undefined
    if (text(next) === ';' || text(next) === '=' || text(next) === ':') return undefined
  }
  return undefined
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  // For each template that is open: how many braces are open in its current substitution.
  const substitutions: number[] = []
  let at = 0
  let line = 1

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const matched = pattern.exec(source)
    if (!matched) return null
    at = pattern.lastIndex
    return matched
  }
  const push = (kind: Token['kind'], text: string, written: string): void => {
    tokens.push({ kind, text, line })
    line += written.split('\n').length - 1
  }
  const templateChunk = (): void => {
    const chunk = match(TEMPLATE_CHUNK)
    if (!chunk) return
    const opensSubstitution = chunk.groups?.end === '${'
    if (opensSubstitution) substitutions.push(0)
    push(
      opensSubstitution ? 'mark' : 'string',
      opensSubstitution ? '${' : (chunk.groups?.text ?? ''),
      chunk[0],
    )
  }

  while (at < source.length) {
    if (source[at] === '/' && valueMayBegin(tokens.at(-1)) && !/^\/[/*]/.test(source.slice(at, at + 2))) {
      const expression = match(REGULAR_EXPRESSION)
      if (expression) {
        push('string', '', expression[0])
        continue
      }
    }
    const lexeme = match(LEXEME)
    if (!lexeme) break
    const { word, quoted, mark } = lexeme.groups ?? {}
    if (word !== undefined) push('word', word, word)
    else if (quoted !== undefined) push('string', quoted.slice(1, -1), quoted)
    else if (mark === '`') templateChunk()
    else if (mark === '}' && substitutions.at(-1) === 0) {
      substitutions.pop()
      templateChunk()
    } else if (mark !== undefined) {
      const open = substitutions.length - 1
      if (open >= 0 && (mark === '{' || mark === '}')) substitutions[open]! += mark === '{' ? 1 : -1
      push('mark', mark, mark)
    } else line += lexeme[0].split('\n').length - 1
  }
  return tokens
}

function valueMayBegin(before: Token | undefined): boolean {
  if (!before) return true
  if (before.kind === 'word') return WORDS_BEFORE_A_VALUE.has(before.text)
  return before.kind === 'mark' && !/[)\]}\d]/.test(before.text)
}
