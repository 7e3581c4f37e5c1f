import { encodedItem } from '../queries/load-item.ts'
import type { Items } from '../read-model.ts'
import type { Arrival } from '../versions/version-notifications.ts'
import type { GatedState } from './project-events.ts'

/** What queries that wait may return of these states. A superseded one is not what the store has. */
export function arrivalsOf(items: Items, states: readonly GatedState[]): Arrival[] {
  return states
    .filter(({ applied }) => applied)
    .map(({ state }) => ({
      id: state.id,
      version: state.version,
      item: () => encodedItem(items, items.ofState(state)),
    }))
}
