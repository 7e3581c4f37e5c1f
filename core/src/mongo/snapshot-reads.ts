import type { ClientSession, Db, FindOptions } from 'mongodb'

/** What a read needs to see the snapshot; empty if there is none. */
export type SnapshotOptions = Pick<FindOptions, 'session' | 'readConcern'>

/** Rejects with the errors of `reads`, and with those of the first question to the server. */
export type SnapshotReads = <T>(reads: (options: SnapshotOptions) => Promise<T>) => Promise<T>

/** MongoDB 5.0 */
const SNAPSHOTS_SINCE_WIRE_VERSION = 13

/**
 * Runs `find` and `aggregate` commands so that all of them see the same moment, which has every acknowledged write.
 * Otherwise MongoDB may interrupt a read for writes: a document that moves in the order of the index then appears twice,
 * or not at all. That takes a replica set; elsewhere the reads run as they are.
 */
export function snapshotReads(db: Db): SnapshotReads {
  let supported: boolean | undefined
  return async (reads) => {
    // The name that all servers know, as in the handshake of the driver.
    supported ??= hasSnapshots(await db.command({ isMaster: 1 }))
    if (!supported) return reads({})
    await using session: ClientSession = db.client.startSession({ snapshot: true })
    // Without this, the driver sends the read concern of the client and the snapshot is not used.
    return await reads({ session, readConcern: { level: 'snapshot' } })
  }
}

/** Only of replica sets. A router of a sharded cluster can choose a moment before a write that another acknowledged. */
function hasSnapshots({ setName, maxWireVersion }: Record<string, unknown>): boolean {
  return setName !== undefined && Number(maxWireVersion) >= SNAPSHOTS_SINCE_WIRE_VERSION
}
