import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached, fingerprint } from '@lockstep/local-infra/download-cache.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '../../../schemathesis')

/** The folder of Schemathesis in the versions of requirements.txt; undefined on a machine without Python's pip. */
export async function schemathesis(): Promise<string | undefined> {
  try {
    await run('python3', ['-m', 'pip', '--version'])
  } catch {
    return undefined
  }
  const requirements = join(folder, 'requirements.txt')
  return cached(`schemathesis/${fingerprint(await readFile(requirements))}`, async (dir) => {
    // A plain folder: a virtual environment cannot be moved, and Debian has its tool in another package.
    const options = ['--quiet', '--no-deps', '--target', dir, '-r', requirements]
    await run('python3', ['-m', 'pip', 'install', ...options])
  })
}

/**
 * Tests the service at `url` against its own OpenAPI document: all operations, or the one with this id. Returns how many
 * requests were sent.
 */
export async function testAgainstDocument(
  home: string,
  service: 'writer' | 'reader',
  url: string,
  { examplesPerOperation, operation }: { examplesPerOperation: number; operation?: string },
): Promise<number> {
  await using work = await throwAwayDir()
  const report = join(work.dir, 'report.json')
  const options = {
    'max-examples': examplesPerOperation,
    // Coverage tries each boundary of each field; fuzzing combines them at random and needs far more time per request.
    phases: 'examples,coverage,fuzzing',
    // More than one at a time break Hypothesis on Python 3.11, whose parser is not thread-safe.
    workers: 1,
    'generation-database': 'none',
    // The same requests in every run.
    seed: 1,
    warnings: 'off',
    report: 'json',
    'report-json-path': report,
  }
  const start = 'from schemathesis.cli import schemathesis; schemathesis()'
  const command = [
    '--config-file',
    join(folder, `${service}.toml`),
    '--no-color',
    'run',
    `${url}/openapi.json`,
    '--url',
    url,
    '--no-shrink',
    '--continue-on-failure',
    ...(operation === undefined ? [] : ['--include-operation-id', operation]),
  ]
  const settings = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  try {
    await run('python3', ['-c', start, ...command, ...settings], {
      cwd: work.dir,
      env: { ...process.env, PYTHONPATH: home },
      maxBuffer: 2 ** 26,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(shortened(`${stdout}\n${stderr}`), { cause: error })
  }
  const { test_cases: cases } = JSON.parse(await readFile(report, 'utf8')) as {
    test_cases: { generated: number }
  }
  return cases.generated
}

/** From the first failure on; some lines contain a whole source file. */
function shortened(output: string): string {
  const lines = output.slice(Math.max(0, output.search(/^=+ (FAILURES|ERRORS) =+$/m))).split('\n')
  return lines
    .slice(0, 120)
    .map((line) => line.slice(0, 400))
    .join('\n')
}
