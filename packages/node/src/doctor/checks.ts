import { addressesCheck } from './addresses-check.ts'
import { certificateCheck } from './certificate-check.ts'
import type { Check } from './check.ts'
import { clockCheck } from './clock-check.ts'
import { configCheck } from './config-check.ts'
import { diskCheck } from './disk-check.ts'
import { filesCheck } from './files-check.ts'
import { folderCheck } from './folder-check.ts'
import { fsyncCheck } from './fsync-check.ts'
import { lockCheck } from './lock-check.ts'
import { memoryCheck } from './memory-check.ts'
import { nodeCheck } from './node-check.ts'
import { pasteldCheck } from './pasteld-check.ts'
import { pluginsCheck } from './plugins-check.ts'
import { portsCheck } from './ports-check.ts'
import { proxyCheck } from './proxy-check.ts'
import { queueCheck } from './queue-check.ts'
import { standingCheck } from './standing-check.ts'

/** What `pmesh doctor` looks at, in the order in which it tells. */
export const CHECKS: readonly Check[] = [
  nodeCheck,
  configCheck,
  folderCheck,
  lockCheck,
  diskCheck,
  fsyncCheck,
  filesCheck,
  memoryCheck,
  clockCheck,
  portsCheck,
  addressesCheck,
  proxyCheck,
  certificateCheck,
  standingCheck,
  queueCheck,
  pasteldCheck,
  pluginsCheck,
]
