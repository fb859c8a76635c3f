import { MeshError } from '@pastel-mesh/identity'
import type { Reloaded } from '@pastel-mesh/sdk-server'
import type { OptionValues } from 'commander'
import type { Logger } from 'pino'
import { ConfigError, describeProblem } from '../config/config-error.ts'
import { loadConfig } from '../config/load-config.ts'
import { adoptPassphrases } from '../config/passphrase-variables.ts'
import { createNodeLog } from '../log/logger.ts'
import { READY } from '../log/pretty-stream.ts'
import { stopOnSignal } from '../signals.ts'
import { exitOnUncaught } from '../uncaught.ts'
import { banner, bannerFields } from './banner.ts'
import { placesOf } from './config-options.ts'
import { describeReloaded } from './describe-reloaded.ts'
import { describeError, print } from './output.ts'
import { ServiceManager } from './service-manager.ts'
import { tellEvents } from './tell-events.ts'
import { tellJobs } from './tell-jobs.ts'
import { pluginTeller } from './tell-plugins.ts'
import { terminalPrompt } from './terminal-prompt.ts'

/** Runs a node until a signal stops it. @returns the exit code */
export async function start(options: OptionValues): Promise<number> {
  const places = placesOf(options)
  const loaded = await loadConfig(places)
  const { input, config, warnings } = loaded
  const { logger, isPretty, reopen } = createNodeLog(config.log)
  const isOnTerminal = process.stdin.isTTY === true || process.stdout.isTTY === true
  for (const warning of warnings) logger.warn({ event: 'settings' }, warning)
  // What is wrong with the file was said with the settings.
  adoptPassphrases(places.cwd)
  // Only now: what is wrong with the settings is said before all of libp2p is loaded.
  const { Controller } = await import('../controller.ts')
  const { loginTeller } = await import('./tell-logins.ts')
  const { requestTeller } = await import('./tell-requests.ts')
  const creating = Controller.create(input, {
    onError: (error) => logError(logger, error),
    onPluginLog: pluginTeller(logger, { isPretty }),
    onDrain: () => logger.warn({ event: 'draining' }, 'takes no more messages and jobs of its own'),
    onPastel: (line) => logger.warn({ event: 'pasteld' }, line),
    onLogin: loginTeller(logger),
    onRequest: requestTeller(logger),
    configuration: {
      loaded,
      // The folder is the one that it runs on, whatever is written now.
      load: () => loadConfig({ ...places, dataDir: config.dataDir }),
      setLogLevel: (level) => {
        logger.level = level
      },
      onReloaded: (reloaded) => logReloaded(logger, reloaded),
    },
    prompt: terminalPrompt(),
    shutdown: () => process.kill(process.pid, 'SIGTERM'),
  })
  const manager = new ServiceManager({
    env: process.env,
    onError: (error) => logger.warn({ event: 'systemd', err: error }, error.message),
  })
  // Before there is anything to stop: as process 1 of a container a signal that nobody handles is lost.
  const ended = stopOnSignal(
    async () => (await creating).stop(),
    (line) => {
      logger.info({ event: 'stopping' }, line)
      manager.stopping()
    },
    (error) => logger.error({ event: 'error', err: error }, error.message),
  )
  const onHangUp = () => {
    reopen()
    creating.then((controller) => controller.reload()).catch((error: Error) => logUnread(logger, error))
  }
  // Else it means what it always does: the terminal is gone.
  if (config.log.file !== undefined || !isOnTerminal) process.on('SIGHUP', onHangUp)
  const controller = await creating
  const stopWatching = exitOnUncaught({
    logger,
    closeDatabase: () => controller.store.stop(),
    isTaken: (error, kind) => controller.tookUncaught(error, kind),
  })
  tellEvents(controller.node, logger, config.dataDir, config.members === 'pasteld')
  tellJobs(controller.queue, logger, config.dataDir)
  try {
    await controller.start()
    if (isPretty) print(banner(controller))
    logger.info({ event: READY, ...bannerFields(controller) }, 'ready')
    manager.ready()
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_STOPPED')) throw error
    // A signal came while it started.
  }
  const code = await ended
  stopWatching()
  logger.info({ event: 'stopped' }, code === 0 ? 'all parts have stopped' : 'not all parts have stopped')
  return code
}

function logReloaded(logger: Logger, reloaded: Reloaded): void {
  for (const warning of reloaded.warnings) logger.warn({ event: 'settings' }, warning)
  const { applied, needsRestart, members } = reloaded
  logger.info({ event: 'settings', applied, needsRestart, members }, describeReloaded(reloaded))
}

function logUnread(logger: Logger, error: Error): void {
  if (error instanceof MeshError && error.code === 'ERR_STOPPED') return
  const problems = error instanceof ConfigError ? error.problems.map(describeProblem) : [describeError(error)]
  for (const problem of problems) {
    logger.error({ event: 'settings' }, `nothing has changed: ${problem}`)
  }
}

function logError(logger: Logger, error: Error): void {
  // A core that is away is nothing out of the ordinary, and where in this code it was asked tells nobody anything.
  if (error instanceof MeshError && error.code.startsWith('ERR_PASTELD_')) {
    logger.warn({ event: 'pasteld', code: error.code }, describeError(error))
    return
  }
  logger.error({ event: 'error', err: error }, describeError(error))
}
