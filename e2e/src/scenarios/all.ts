import { databaseScenarios } from './databases.ts'
import { networkScenarios } from './network.ts'
import { poisonScenarios } from './poison.ts'
import { readerScenarios } from './readers.ts'
import { rebuildScenarios } from './rebuild.ts'
import { relayScenarios } from './relay.ts'
import type { Scenario } from './scenario.ts'
import { snapshotScenarios } from './snapshot.ts'
import { systemScenarios } from './system.ts'
import { writerScenarios } from './writers.ts'

/** In the order of the path of a command, then faults of several parts. */
export const scenarios: readonly Scenario[] = [
  ...writerScenarios,
  ...relayScenarios,
  ...readerScenarios,
  ...databaseScenarios,
  ...poisonScenarios,
  ...networkScenarios,
  ...systemScenarios,
  ...rebuildScenarios,
  ...snapshotScenarios,
]
