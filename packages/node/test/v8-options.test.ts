import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { V8_OPTIONS } from '../src/v8-options.ts'

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
const options = V8_OPTIONS.join(' ')

test('the unit, the image and the scripts start a node with the same options of V8', async () => {
  expect(await read('setup/systemd/pmesh.service')).toContain(`bin/node ${options} /opt`)
  expect(await read('Dockerfile')).toContain(`NODE_OPTIONS=${options} `)
  const { scripts } = JSON.parse(await read('package.json'))
  for (const name of ['start', 'pmesh', 'bench'])
    expect(scripts[name]).toContain(`exec node ${options} packages/`)
})
