import {
  type BookRequest,
  type BookResponse,
  encodeBookRequest,
  encodeBookResponse,
} from '../../src/index.ts'
import { signCertificate, testNodeKey, testSigner } from '../identities.ts'
import { sampleCertificate } from '../samples.ts'
import { type Json, toJson, unhex } from './json.ts'

/** What is asked about an address book, and answered. */
export async function makeBookFrames(): Promise<Json> {
  const book = unhex('b0b1b2b3b4b5b6b7b8b9babbbcbdbebf')
  const certificates = [await signCertificate(sampleCertificate(), testSigner(1), testNodeKey(1))]
  const requests: Record<string, BookRequest> = {
    'from the beginning': { maxBytes: 200_000 },
    'from a place': { from: { book, position: 300 }, maxBytes: 200_000 },
    'from the beginning of a known book': { from: { book, position: 0 }, maxBytes: 1 },
  }
  const responses: Record<string, BookResponse> = {
    'a certificate, more to come': { next: { book, position: 301 }, more: true, certificates },
    'nothing new': { next: { book, position: 301 }, more: false, certificates: [] },
    'an empty book': { next: { book, position: 0 }, more: false, certificates: [] },
  }
  return toJson({
    requests: Object.entries(requests).map(([name, value]) => ({
      name,
      value,
      bytes: encodeBookRequest(value),
    })),
    responses: Object.entries(responses).map(([name, value]) => ({
      name,
      value,
      bytes: encodeBookResponse(value),
    })),
  })
}
