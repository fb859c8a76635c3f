#!/usr/bin/env node
// Nothing that an old Node does not know, so that it says what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`pmesh: needs Node 22.15 or newer, and this is ${process.versions.node}`)
  process.exit(1)
}
const program = new URL('../dist/cli/main.js', import.meta.url)
try {
  await import(program.href)
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== program.href) throw error
  console.error('pmesh: is not built yet: npm run build')
  process.exit(1)
}
