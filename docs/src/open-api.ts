import { createHttpApp, type HttpApp } from '@lockstep/core/http/app.ts'
import { openApiDocument } from '@lockstep/core/http/swagger-ui.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { readerApi } from '@lockstep/reader-service/api.ts'
import { readModels } from '@lockstep/reader-service/read-models.ts'
import { serveReadModels } from '@lockstep/reader-service/runtime/serve-read-models.ts'
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
    const ports = { read: never, wait: never, getItem: () => never, document: never }
    const all = readModels.map((readModel) => ({ readModel, ports }))
    for (const { routes } of serveReadModels(all)) routes(app)
    return openApiDocument(app, readerApi)
  })
  return { writer, reader }
}

function describe(document: (app: HttpApp) => object): string {
  const log = createLog({ service: 'docs', level: 'fatal' })
  return `${JSON.stringify(document(createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })), undefined, 2)}\n`
}
