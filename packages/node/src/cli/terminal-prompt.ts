import { StringDecoder } from 'node:string_decoder'
import { MeshError } from '@pastel-mesh/identity'
import type { PassphrasePrompt } from '../passphrase.ts'

/** Nobody needs longer; a start in a terminal that nobody watches must not hang for ever. */
const ANSWER_TIMEOUT_MS = 5 * 60_000
/** More is not typed, but a file that was pasted by mistake. */
const MAX_CHARACTERS = 1024
/** What arrows, function keys and the marks around a pasted text send: nobody meant those characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const KEY_SEQUENCES = /\u001b(\[[0-9;?]*[@-~]|O.)?/g

/** A prompt on the terminal that does not show what is typed; undefined if there is no terminal. */
export function terminalPrompt(): PassphrasePrompt | undefined {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY) return undefined
  return (question) => ask(question, stdin, stderr)
}

function ask(question: string, input: NodeJS.ReadStream, output: NodeJS.WriteStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8')
    let typed: string[] = []
    const timer = setTimeout(
      () => fail(`nobody answered in ${ANSWER_TIMEOUT_MS / 60_000} minutes`),
      ANSWER_TIMEOUT_MS,
    )
    const end = () => {
      clearTimeout(timer)
      input.off('data', onData)
      input.off('end', onEnd)
      input.setRawMode(false)
      input.pause()
      output.write('\n')
    }
    const fail = (reason: string) => {
      end()
      reject(new MeshError('ERR_PASSPHRASE_MISSING', `no passphrase was given: ${reason}`))
    }
    const onEnd = () => fail('the terminal was closed')
    const onData = (chunk: Buffer) => {
      const characters = [...decoder.write(chunk).replace(KEY_SEQUENCES, '')]
      for (const [index, character] of characters.entries()) {
        switch (character) {
          case '\r':
          case '\n': {
            end()
            // What was typed ahead belongs to the next question.
            const ahead = characters.slice(index + 1).join('')
            if (ahead !== '') input.unshift(Buffer.from(ahead))
            return resolve(typed.join(''))
          }
          case '\u0003':
            return fail('Ctrl-C')
          case '\u0004':
            return fail('Ctrl-D')
          case '\u007f':
          case '\b':
            typed.pop()
            break
          // Ctrl-U
          case '\u0015':
            typed = []
            break
          default:
            if (character < ' ') break
            if (typed.length === MAX_CHARACTERS) return fail(`it is longer than ${MAX_CHARACTERS} characters`)
            typed.push(character)
        }
      }
    }
    // First, so that nothing is shown that is typed once the question is.
    input.setRawMode(true)
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
    output.write(question)
  })
}
