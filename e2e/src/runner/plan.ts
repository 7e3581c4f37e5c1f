import { pick, type Random } from './random.ts'
import type { Options } from './options.ts'
import type { Scenario } from '../scenarios/scenario.ts'

/** Pairs in the short set. */
const SHORT_PAIRS = 2

/** The scenarios of a run in order: single faults first, then random pairs. */
export function* plan(
  all: readonly Scenario[],
  { long, minutes, only }: Pick<Options, 'long' | 'minutes' | 'only'>,
  random: Random,
  elapsedMs: () => number,
): Generator<readonly Scenario[]> {
  if (only.length > 0) {
    yield* only
    return
  }
  const singles = all.filter(({ short }) => long || short)
  yield* singles.map((scenario) => [scenario])
  const partners = all.filter(({ alone, short }) => !alone && (long || short))
  for (let pairs = 0; long ? elapsedMs() < minutes * 60_000 : pairs < SHORT_PAIRS; pairs++) {
    const first = pick(random, partners)
    yield [
      first,
      pick(
        random,
        partners.filter((other) => other !== first),
      ),
    ]
  }
}
