import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const BYTES_PER_ID = 16
const pool = Buffer.alloc(256 * BYTES_PER_ID)
let used = pool.length

/** A UUIDv7. One call to the system fetches the random bytes of many ids: a call for each costs more than the id. */
export function newId(): string {
  return v7({ rng: randomBytes })
}

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += BYTES_PER_ID
  return pool.subarray(used - BYTES_PER_ID, used)
}
