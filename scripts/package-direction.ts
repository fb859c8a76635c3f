/**
 * `npm run lint` runs this: a package imports only packages above it, and only through their door.
 * direction-rule.ts holds the order and the rule.
 */
import { resolve } from 'node:path'
import { checkPackageDirection } from './direction-rule.ts'

const { violations, packages, files } = checkPackageDirection(resolve(import.meta.dirname, '..'))
for (const violation of violations) console.error(violation)
if (violations.length > 0) process.exitCode = 1
else console.log(`package direction: ok (${packages} packages, ${files} files)`)
