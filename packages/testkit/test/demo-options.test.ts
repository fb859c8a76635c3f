import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readOptions } from '../src/demo/options.ts'
import { leftBy, startDemo } from './fixtures/demo-process.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe('the options of the demo', () => {
  it('have defaults', async () => {
    const defaults = { pasteld: false, nodes: 5, messages: 2_000, size: 256, keep: false }
    expect(await readOptions([])).toEqual(defaults)
    expect(await readOptions(['--pasteld'])).toEqual({
      ...defaults,
      pasteld: true,
      nodes: 10,
      messages: 1_000,
    })
  })

  it('are read', async () => {
    expect(await readOptions(['--nodes', '3', '--messages', '10', '--size', '64', '--keep'])).toEqual({
      pasteld: false,
      nodes: 3,
      messages: 10,
      size: 64,
      keep: true,
    })
  })

  it.each([
    [['--nodes', '2'], '--nodes 2: give a whole number from 3 to 20'],
    [['--nodes', '21'], '--nodes 21: give a whole number from 3 to 20'],
    [['--messages', '0'], '--messages 0: give a whole number from 1 to 1000000'],
    [['--messages', 'many'], '--messages many: give a whole number from 1 to 1000000'],
    [['--messages', ''], '--messages : give a whole number from 1 to 1000000'],
    [['--size', '1.5'], '--size 1.5: give a whole number from 1 to 200000'],
    [['--input', '/nowhere/file'], '--input /nowhere/file: the file cannot be read: ENOENT'],
    [['--pasteld', '--nodes', '5'], '--pasteld takes an even number of --nodes'],
    [['--pasteld', '--nodes', '2'], '--nodes 2: give a whole number from 4 to 20'],
    [['--pasteld', '--keep'], 'and neither --keep nor --input'],
    [['--speed', '5'], "Unknown option '--speed'"],
    [['5'], "Unexpected argument '5'"],
  ])('%j are refused: %s', async (args, message) => {
    await expect(readOptions(args)).rejects.toThrow(message)
  })

  it('take the lines of a file, whatever ends them, without the empty ones', async () => {
    const file = join(await temporaryFolder(), 'lines.txt')
    await writeFile(file, 'one\r\n\ntwo\n  three ')
    expect(await readOptions(['--input', file])).toMatchObject({ texts: ['one', 'two', '  three '] })
    await writeFile(file, '\n\n')
    await expect(readOptions(['--input', file])).rejects.toThrow(`--input ${file}: the file has no text`)
    await writeFile(file, `short\n${'x'.repeat(262_145)}\n`)
    await expect(readOptions(['--input', file])).rejects.toThrow(/line 2 is longer than 262144 bytes/)
  })

  it('that are wrong end the demo with exit code 1 and one line', async () => {
    const temporary = await temporaryFolder()
    const { code, stdout, stderr } = await startDemo(['--nodes', '99'], temporary).ended
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'demo: --nodes 99: give a whole number from 3 to 20\n',
    })
    expect(await leftBy(temporary)).toEqual([])
  })

  it('are explained by --help', async () => {
    const { code, stdout } = await startDemo(['--help'], await temporaryFolder()).ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Usage: npm run demo -- \[options\]\n/)
  })
})
