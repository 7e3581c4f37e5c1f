import { targetOf, type HttpApp } from '@lockstep/core/http/app.ts'
import { ignoresPreconditions } from '@lockstep/core/http/request-head.ts'
import type { Aggregate } from '../../aggregate.ts'
import { collectionPath } from './command-docs.ts'

/**
 * Redirects reads of one aggregate to the reader, so that the `Location` of a created one can be followed. Not in the
 * OpenAPI document: the setting `WRITER_READER_URL` decides whether the writer does it.
 */
export function redirectReads(app: HttpApp, aggregates: readonly Aggregate[], readerUrl: string): void {
  if (readerUrl === '') return
  for (const aggregate of aggregates) {
    app.on(
      'get',
      `${collectionPath(aggregate)}/:id`,
      (c) => ({ status: 307, body: '', headers: { location: `${readerUrl}${targetOf(c.req.url)}` } }),
      ignoresPreconditions,
    )
  }
}
