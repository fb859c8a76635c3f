import type { Action, Answer, EmulatorActions, Question } from './control.ts'
import { Emulator } from './emulator.ts'

/** The process of an emulator of pasteld. */

const emulator = new Emulator()

function call<A extends Action>({ action, args }: Question<A>): ReturnType<EmulatorActions[A]> {
  const method = emulator[action] as (
    ...args: Parameters<EmulatorActions[A]>
  ) => ReturnType<EmulatorActions[A]>
  return method.apply(emulator, args)
}

function tell(answer: Answer): void {
  if (process.connected) process.send?.(answer)
}

process.on('message', (question: Question) => {
  const { number } = question
  call(question).then(
    (result) => tell({ number, result }),
    (error: unknown) => tell({ number, error: (error as Error).stack ?? String(error) }),
  )
})
// Whoever started it has ended, or wants it to end.
process.on('disconnect', () => process.exit())
