import { type FileHandle, open, readFile } from 'node:fs/promises'

/** Lines of JSON, each on disk when {@link append} resolves; a last line that a crash tore does not count. */
export class RecordFile {
  readonly #file: FileHandle
  #writing: Promise<void> = Promise.resolve()

  static async open(path: string): Promise<RecordFile> {
    const file = await open(path, 'a+')
    const bytes = await file.readFile()
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end < bytes.length) await file.truncate(end)
    return new RecordFile(file)
  }

  private constructor(file: FileHandle) {
    this.#file = file
  }

  append(records: readonly object[]): Promise<void> {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    this.#writing = this.#writing.then(async () => {
      await this.#file.appendFile(lines)
      await this.#file.datasync()
    })
    return this.#writing
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {})
    await this.#file.close()
  }
}

/** @returns the records of a file; none if there is no file */
export async function readRecords<T>(path: string): Promise<T[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as T)
}
