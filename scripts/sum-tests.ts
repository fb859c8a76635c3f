/**
 * Adds up vitest's JSON reports and prints `N passed, N failed, N skipped` as its last line.
 *
 *     node scripts/sum-tests.ts report.json …
 *
 * Exits 1 when a test failed, when none was executed, and, with CI=true, when one was skipped: CI has all
 * that the tests need, so a skip there means that something is not tested any more.
 */
import { readFileSync } from 'node:fs'

/** The parts of vitest's JSON report that count. */
interface Report {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

const sum = { passed: 0, failed: 0, skipped: 0 }
const complaints: string[] = []

for (const path of process.argv.slice(2)) {
  try {
    const report: Report = JSON.parse(readFileSync(path, 'utf8'))
    for (const file of report.testResults) addFile(file)
  } catch (error) {
    sum.failed += 1
    complaints.push(`${path} is not a report of vitest, which was perhaps ended early: ${error}`)
  }
}

if (sum.passed + sum.failed === 0) complaints.push('no test was executed')
if (sum.skipped > 0 && process.env.CI === 'true') {
  complaints.push(`${sum.skipped} skipped: in CI, everything that a test needs must be there`)
}
for (const complaint of complaints) console.error(complaint)
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = complaints.length > 0 || sum.failed > 0 ? 1 : 0

function addFile(file: Report['testResults'][number]): void {
  let failedHere = 0
  for (const { status } of file.assertionResults) {
    if (status === 'passed') sum.passed += 1
    else if (status === 'failed') failedHere += 1
    // skipped, todo, pending
    else sum.skipped += 1
  }
  // A file that broke outside its tests (an import, a hook) reports no failed test, but failed.
  if (file.status === 'failed' && failedHere === 0) {
    failedHere = 1
    complaints.push(`${file.name} failed outside its tests`)
  }
  sum.failed += failedHere
}
