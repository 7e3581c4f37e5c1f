import type { Scenario } from './scenario.ts'
import { networkScenarios } from './network.ts'
import { poisonScenarios } from './poison.ts'
import { readerScenarios } from './readers.ts'
import { rebuildScenarios } from './rebuild.ts'
import { relayScenarios } from './relay.ts'
import { systemScenarios } from './system.ts'
import { writerScenarios } from './writers.ts'

/** In the order of the way that a command takes. */
export const scenarios: readonly Scenario[] = [
  ...writerScenarios,
  ...relayScenarios,
  ...readerScenarios,
  ...poisonScenarios,
  ...networkScenarios,
  ...systemScenarios,
  ...rebuildScenarios,
]
