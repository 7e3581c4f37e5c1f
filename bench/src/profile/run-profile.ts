import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBench, optionsOf, runCases } from '../run-cases.ts'
import { type CpuProfile, callTree, hottest, origins, serviceOf, type Share } from './cpu-profile.ts'
import { flameGraph } from './flame-graph.ts'

const folder = join(import.meta.dirname, '../../../.local/bench/profiles')

/**
 * `make profile CASE=create`: runs a case while V8 samples the services, from their start to their end. Writes a
 * .cpuprofile, for the developer tools of a browser, and a flame graph for each process.
 */
async function main(): Promise<number> {
  const { CASE = '', ROUNDS = '1', SECONDS = '10' } = process.env
  if (CASE === '') throw new Error('Choose a case: make profile CASE=create')
  const options = optionsOf({ ONLY: CASE, ROUNDS, SECONDS })
  const dir = join(folder, CASE)
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  const failed = await runProfiled(dir, options)
  for (const name of (await readdir(dir)).filter((each) => each.endsWith('.cpuprofile'))) {
    await describe(dir, name)
  }
  return failed === 0 ? 0 : 1
}

/** Node writes the profiles when the services end, which is when the stack is disposed of. */
async function runProfiled(
  dir: string,
  { chosen, ...options }: ReturnType<typeof optionsOf>,
): Promise<number> {
  await using bench = await openBench(options, { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${dir}` })
  return await runCases(bench, chosen)
}

async function describe(dir: string, name: string): Promise<void> {
  const profile = JSON.parse(await readFile(join(dir, name), 'utf8')) as CpuProfile
  const service = serviceOf(profile)
  const tree = callTree(profile)
  const graph = join(dir, `${service}-${name.replace('.cpuprofile', '.svg')}`)
  await writeFile(graph, flameGraph(`${service}: CPU time by call`, tree))
  console.log(
    `\n${service}: ${(tree.micros / 1e6).toFixed(1)} s of CPU time\n  ${join(dir, name)}\n  ${graph}`,
  )
  print(
    'by origin',
    origins(tree).filter(({ share }) => share >= 0.01),
  )
  print('the hottest functions', hottest(tree, 12))
}

function print(what: string, shares: readonly Share[]): void {
  console.log(`  ${what}:`)
  for (const { label, share } of shares) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${label}`)
}

process.exitCode = await main()
