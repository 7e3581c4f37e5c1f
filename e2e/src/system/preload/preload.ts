import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Orders } from './overrides.ts'

/**
 * Loaded into a service before its own first module (`node --import`), so that the code of the services needs no place
 * where tests could change a clock or plant a bug. A process is known by its working directory.
 */
const file = process.env.FAULTS_ORDERS ?? ''
const { clocks = {}, bug }: Orders = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Orders)
  : {}

const aheadMs = clocks[basename(process.cwd())] ?? 0
if (aheadMs !== 0) (await import('./skewed-clock.ts')).skewClock(aheadMs)
if (bug !== undefined) (await import('../../planted-bugs/plant.ts')).plant(bug)
