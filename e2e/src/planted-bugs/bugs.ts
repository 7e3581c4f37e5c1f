import type { Bug } from './bug.ts'
import { projectionBugs } from './projection-bugs.ts'
import { queryBugs } from './query-bugs.ts'
import { readModelBugs } from './read-model-bugs.ts'
import { writerBugs } from './writer-bugs.ts'

export const bugs: readonly Bug[] = [...writerBugs, ...projectionBugs, ...queryBugs, ...readModelBugs]
