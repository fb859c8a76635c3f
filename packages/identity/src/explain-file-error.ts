/** The system's codes, its texts for those who pass on nothing else, and what to do. */
const ADVICE: readonly (readonly [code: RegExp, text: RegExp, advice: string])[] = [
  [/^(EACCES|EPERM)$/, /permission denied|not permitted/i, 'the user who runs the node needs the permission'],
  [/^EROFS$/, /read-only file system/i, 'mount its file system writable, or choose another place'],
  [/^(ENOSPC|EDQUOT)$/, /no space left|quota exceeded/i, 'free some space on its disk'],
  [/^(ENOTDIR|EEXIST)$/, /not a directory|file exists/i, 'something that is no folder is in the way'],
  [/^EISDIR$/, /is a directory/i, 'there is a folder where a file belongs'],
  [/^ENOENT$/, /no such file/i, 'there is no such place: choose another'],
  [/^EIO$/, /input\/output error/i, 'check the disk'],
]

/**
 * What a file or folder could not be used for, in the system's words, and what to do about it; one line.
 *
 * @example
 * import { explainFileError } from '@pastel-mesh/identity'
 *
 * explainFileError(new Error("EROFS: read-only file system, mkdir '/mnt/node'"))
 * // EROFS: read-only file system, mkdir '/mnt/node': mount its file system writable, or choose another place
 */
export function explainFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const [line = ''] = message.split('\n')
  const found = ADVICE.find(([codes, text]) => (code === undefined ? text.test(line) : codes.test(code)))
  const [, , advice] = found ?? ADVICE.find(([, text]) => text.test(line)) ?? []
  return advice === undefined ? line : `${line}: ${advice}`
}
