import { createHttpApp, type HttpApp } from '@lockstep/core/http/app.ts'
import { openApiDocument } from '@lockstep/core/http/swagger-ui.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { readerApi } from '@lockstep/reader-service/api.ts'
import { readModels } from '@lockstep/reader-service/read-models.ts'
import { queryRoutes } from '@lockstep/reader-service/runtime/inbound/http-routes.ts'
import { readModelQueries } from '@lockstep/reader-service/runtime/queries/read-model-queries.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { writerApi } from '@lockstep/writer-service/api.ts'
import { commandRoutes } from '@lockstep/writer-service/runtime/inbound/http/command-routes.ts'
import { Registry } from 'prom-client'

const never = () => Promise.reject(new Error('this handler only exists to be described'))

/** The OpenAPI documents that the services serve at /openapi.json, as text. */
export function openApiFiles(): { writer: string; reader: string } {
  const writer = describe((app) => {
    commandRoutes(app, aggregates, never, { timeLimitMs: 0 })
    return openApiDocument(app, writerApi)
  })
  const reader = describe((app) => {
    const ports = { getItem: never, finder: { list: never } }
    for (const readModel of readModels) {
      queryRoutes(app, readModel, readModelQueries(readModel, ports))
    }
    return openApiDocument(app, readerApi)
  })
  return { writer, reader }
}

function describe(document: (app: HttpApp) => object): string {
  const log = createLog({ service: 'docs', level: 'fatal' })
  return `${JSON.stringify(document(createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })), undefined, 2)}\n`
}
