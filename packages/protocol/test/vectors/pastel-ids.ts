import { decodePastelId } from '@pastel-mesh/identity'
import { testSeed, testSigner } from '../identities.ts'
import { type Json, refusal, toJson } from './json.ts'

/** PastelIDs that exist: nobody here knows their seeds. */
const EXISTING = [
  'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
  'jXYqZNPj21RVnwxnEJ654wEdzi7GZTZ5LAdiotBmPrF7pDMkpX1JegDMQZX55WZLkvy9fxNpZcbBJuE8QYUqBF',
  'jXanJYsUZLLm54tgKvDMjrZrHMdrKB8X3itB1hvDoaD7fUp23D6LDPxbFcUrAMwRUdTrBPzS6oKpfpTSvBbot4',
]

export async function makePastelIds(): Promise<Json> {
  const { pastelId } = testSigner(1)
  const otherEnd = pastelId.endsWith('1') ? '2' : '1'
  const invalid: Record<string, string> = {
    'last character changed': pastelId.slice(0, -1) + otherEnd,
    'two characters swapped': pastelId.slice(0, 40) + pastelId[41] + pastelId[40] + pastelId.slice(42),
    'one character short': pastelId.slice(0, -1),
    'a zero byte in front': `1${pastelId}`,
    'a space behind': `${pastelId} `,
    'a character that is not base58': `${pastelId.slice(0, -1)}0`,
  }
  for (const [name, text] of Object.entries(invalid)) await refusal(name, () => decodePastelId(text))
  return toJson({
    fromSeed: [1, 2].map((number) => {
      const { publicKey, pastelId } = testSigner(number)
      return { seed: testSeed(number), publicKey, pastelId }
    }),
    existing: EXISTING.map((pastelId) => ({ publicKey: decodePastelId(pastelId), pastelId })),
    invalid: Object.entries(invalid).map(([name, text]) => ({ name, text })),
  })
}
