/** An event as the standard of server-sent events has it. */
export interface StreamEvent {
  /** `message` unless the server named it. */
  readonly event: string
  readonly data: string
  /** Undefined: it has none of its own. */
  readonly id: string | undefined
}

/** The largest message takes a fifth of it, all of its body escaped. */
const MAX_EVENT_CHARS = 8 * 1024 * 1024

/**
 * The events of a body of server-sent events; as many as are asked for are read.
 * @param maxChars of one event: more is an error, for nothing but a wrong server sends that
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  maxChars = MAX_EVENT_CHARS,
): AsyncGenerator<StreamEvent, void> {
  const decoder = new TextDecoder()
  let waiting = ''
  let event = ''
  let id: string | undefined
  let data: string[] = []
  let size = 0
  for await (const chunk of body) {
    waiting += decoder.decode(chunk, { stream: true })
    let begin = 0
    for (let end = waiting.indexOf('\n'); end >= 0; end = waiting.indexOf('\n', begin)) {
      const line = waiting.slice(begin, waiting[end - 1] === '\r' ? end - 1 : end)
      begin = end + 1
      size += line.length
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (line === '') {
        if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id }
        event = ''
        id = undefined
        data = []
        size = 0
      } else if (name === 'event') event = value
      else if (name === 'data') data.push(value)
      else if (name === 'id') id = value
    }
    waiting = waiting.slice(begin)
    if (size + waiting.length > maxChars) throw new Error(`an event is longer than ${maxChars} characters`)
  }
}
