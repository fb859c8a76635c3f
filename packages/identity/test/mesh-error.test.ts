import { describe, expect, test } from 'vitest'
import { MeshError } from '../src/index.ts'

describe('MeshError', () => {
  test('carries its code, and a page of the documentation made from it', () => {
    const error = new MeshError('ERR_PASTELID_CHECKSUM', 'wrong')
    expect(error).toMatchObject({
      code: 'ERR_PASTELID_CHECKSUM',
      docs: 'pastelid-checksum',
      message: 'wrong',
    })
  })

  test('takes a cause and another page', () => {
    const cause = new Error('disk')
    const error = new MeshError('ERR_A', 'wrong', { cause, docs: 'disks' })
    expect(error.cause).toBe(cause)
    expect(error.docs).toBe('disks')
    expect(new MeshError('ERR_A', 'wrong', { cause: undefined })).not.toHaveProperty('cause')
  })

  test('is named after its class, also when it is extended', () => {
    class LogError extends MeshError {}
    expect(new MeshError('ERR_A', 'wrong').name).toBe('MeshError')
    expect(String(new LogError('ERR_A', 'wrong'))).toBe('LogError: wrong')
  })
})
