import { execFile } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLocalSigner, generateSeed, writeKeyFile } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../node/test/fixtures/temporary-folder.ts'
import { example, ROOT } from '../../queue/test/fixtures/example.ts'
import { openServer } from '../../sdk-server/test/fixtures/open-server.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'

const run = promisify(execFile)

test('the application of the guide runs, as a program of its own', async () => {
  const folder = await temporaryFolder()
  const seed = generateSeed()
  const { pastelId } = createLocalSigner(seed)
  const keyFile = join(folder, pastelId)
  await writeKeyFile(keyFile, seed, `${PASSPHRASE_PREFIX}of-an-application`)
  const { server, node } = await openServer({ http: {}, roles: { operators: [pastelId] } })
  const code = await example('docs/guides/application-in-ten-lines.md', 'first')
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'application.ts'), code)
  const { stdout } = await run(process.execPath, ['--conditions=source', 'application.ts'], {
    cwd: folder,
    env: {
      ...process.env,
      KEY_FILE: keyFile,
      PASSPHRASE: `${PASSPHRASE_PREFIX}of-an-application`,
      NODE_URL: server.url,
    },
  })
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toBe(`${node.pastelId} { usd: 1.25 }`)
  expect(stdout).toContain("text: 'over'")
})
