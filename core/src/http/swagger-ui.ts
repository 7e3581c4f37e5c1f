import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { HttpApp } from './app.ts'
import { jsonReply, type Reply } from './reply.ts'

const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))

/** Swagger UI's own files, served locally: the page must work without the internet. */
const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const

/** The version of the HTTP API, shown in the OpenAPI document. */
const API_VERSION = '1.0.0'

/** Serves Swagger UI at `/docs` and `/swagger/index.html`, and the OpenAPI 3.1 document at `/openapi.json`. */
export function serveApiDocs(app: HttpApp, api: { title: string; description: string }): void {
  app.on('get', '/openapi.json', () => jsonReply(openApiDocument(app, api)))
  const html: Reply = reply(page(api.title), 'text/html; charset=UTF-8')
  for (const path of ['/docs', '/swagger/index.html']) app.on('get', path, () => html)
  for (const [name, mediaType] of Object.entries(assets)) {
    const bytes = new Uint8Array(readFileSync(join(swaggerFolder, name)))
    app.on('get', `/docs/assets/${name}`, () => reply(bytes, mediaType))
  }
}

const reply = (body: string | Uint8Array<ArrayBuffer>, mediaType: string): Reply => ({
  status: 200,
  body,
  headers: { 'content-type': mediaType },
})

/** The document that describes every route registered so far; it is also checked in under `docs/api/`. */
export function openApiDocument(app: HttpApp, api: { title: string; description: string }) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { ...api, version: API_VERSION, license: { name: 'MIT' } },
  })
}

function page(title: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
    <link rel="icon" href="/docs/assets/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/assets/swagger-ui-bundle.js"></script>
    <script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', tryItOutEnabled: true })</script>
  </body>
</html>
`
}
