import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dataFolder } from '@pastel-mesh/node'
import { BenchProcess } from '../child-process.ts'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { startNode, withNode } from '../start/start-node.ts'
import { percentile, round } from '../statistics.ts'
import { askPages, type Pager, pagesOfApi, pagesOfNode } from './ask-pages.ts'
import type { FromChild, ToChild } from './child.ts'
import type { FilledHistory, HistoryOptions } from './fill-history.ts'
import { scanPlainly } from './plain-scan.ts'
import { QUESTIONS, RARE_COMBINATION } from './questions.ts'
import { warmFiles } from './warm-files.ts'
import { withReader } from './with-reader.ts'

/** For each question: 99 of 100 pages come within it. */
const BUDGET_MS = 5

const NETWORK = 'bench'
const PAGE = 100
const CURSORS = 500
const SEED = 20_260_101
/** Pages asked before it is measured: the process is warm, as one that serves applications is. */
const WARM_UP_PAGES = 300

/**
 * Pages among many messages, each a batch of its own, by every filter: from a node in this process, which is what the
 * budget is of, and from a running node, through the API on its control socket.
 */
export async function history(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '1000000' },
      pages: { type: 'string', default: '400' },
      'baseline-pages': { type: 'string', default: '3' },
      size: { type: 'string', default: '256' },
    },
  })
  const messages = Number(values.messages)
  const pages = Number(values.pages)
  const sizeBytes = Number(values.size)
  const machine = await measureMachine()
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  try {
    process.stdout.write(`preparing  ${messages} messages\n`)
    const node = { dataDir: folder, network: NETWORK, topic: 'topic-0' }
    const beganMs = performance.now()
    const filled = await fill(folder, {
      messages,
      sizeBytes,
      network: NETWORK,
      seed: SEED,
      cursors: CURSORS,
    })
    const fillSeconds = (performance.now() - beganMs) / 1000
    process.stdout.write(`stored     ${Math.round(messages / fillSeconds)} batches/s\n`)
    // Makes the keys, which only the first start does.
    await startNode(node)
    const askAll = async (way: string, read: Pager): Promise<Result[]> => {
      const options = { ...filled, pages, limit: PAGE, seed: SEED }
      for (const question of QUESTIONS) {
        await askPages(read, question, { ...options, pages: Math.ceil(WARM_UP_PAGES / QUESTIONS.length) })
      }
      const found: Result[] = []
      for (const question of QUESTIONS) {
        await warmFiles(dataFolder(folder).database)
        const pagesMs = await askPages(read, question, options)
        const result = { name: question.name, p50: percentile(pagesMs, 50), p99: percentile(pagesMs, 99) }
        process.stdout.write(`${way}  ${row(result)}  load ${loadAverage()}\n`)
        found.push(result)
      }
      return found
    }
    const results = await withReader(node, (reader) => askAll('node', pagesOfNode(reader)))
    const apiResults = await withNode(node, (api) => askAll('API ', pagesOfApi(api)))
    const cursors = filled.cursors.slice(0, Number(values['baseline-pages']))
    const baselineMs = await scanPlainly(folder, { filter: RARE_COMBINATION.filter, cursors, limit: PAGE })
    const baseline = percentile(baselineMs, 50)
    process.stdout.write(
      `${row({ name: 'rare combination, by a plain scan', p50: baseline, p99: Number.NaN })}\n`,
    )
    const worst = worstOf(results)
    const rare = results.find(({ name }) => name === RARE_COMBINATION.name) as Result
    process.stdout.write(
      `\n${pages} pages each; ${sizeBytes} bytes, ${machine.cpu}, ${machine.cores} cores\n`,
    )
    const summary = {
      bench: 'history',
      unit: 'ms',
      worst: worst.name,
      p99: round(worst.p99),
      p50: round(medianP50(results)),
      rare_p50: round(rare.p50),
      api_p50: round(medianP50(apiResults)),
      api_p99: round(worstOf(apiResults).p99),
      baseline: round(baseline),
      ratio: round(baseline / rare.p50),
      messages,
      size_bytes: sizeBytes,
      pages,
      stored_s: Math.round(messages / fillSeconds),
      load_1m: machine.loadAverage,
      load_1m_end: loadAverage(),
      fsyncs_s: machine.fsyncsPerSecond,
      verifies_s: machine.verifiesPerSecond,
    }
    return { summary, isHeld: worst.p99 <= BUDGET_MS }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill(dataDir: string, options: HistoryOptions): Promise<FilledHistory> {
  const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
  try {
    return (await child.ask({ type: 'fill', dataDir, options }, 'filled')).history
  } finally {
    await child.end({ type: 'end' })
  }
}

interface Result {
  readonly name: string
  readonly p50: number
  readonly p99: number
}

function worstOf(results: readonly Result[]): Result {
  return results.reduce((a, b) => (b.p99 > a.p99 ? b : a))
}

function medianP50(results: readonly Result[]): number {
  return percentile(
    results.map(({ p50 }) => p50),
    50,
  )
}

function row({ name, p50, p99 }: Result): string {
  const last = Number.isNaN(p99) ? '' : `  p99 ${p99.toFixed(1).padStart(7)} ms`
  return `${name.padEnd(36)} p50 ${p50.toFixed(1).padStart(8)} ms${last}`
}
