import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Overrides } from './overrides.ts'

/**
 * Loaded into a service before its first module (`node --import`), so that the code of the services contains nothing
 * that changes a clock or plants a bug. The working directory identifies the process.
 */
const file = process.env.FAULTS_OVERRIDES ?? ''
const { clocks = {}, bug }: Overrides = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Overrides)
  : {}

const aheadMs = clocks[basename(process.cwd())] ?? 0
if (aheadMs !== 0) (await import('./skewed-clock.ts')).skewClock(aheadMs)
if (bug !== undefined) (await import('../../planted-bugs/plant.ts')).plant(bug)
