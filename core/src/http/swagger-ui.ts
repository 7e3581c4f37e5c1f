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

/** Browsers ask again each time for what changes with a release; Swagger UI's own files change rarely. */
const revalidated = { 'cache-control': 'no-cache' }
const cachedForAnHour = { 'cache-control': 'public, max-age=3600' }

/**
 * Serves Swagger UI at `/docs` and `/swagger/index.html`, and the OpenAPI 3.1 document at `/openapi.json`. All addresses
 * are relative, so that the pages work behind a proxy that adds a prefix to the path.
 */
export function serveApiDocs(app: HttpApp, api: { title: string; description: string }): void {
  app.on('get', '/openapi.json', () => jsonReply(openApiDocument(app, api), 200, revalidated))
  for (const [path, root] of [
    ['/docs', './'],
    ['/swagger/index.html', '../'],
  ] as const) {
    const html = reply(page(api.title, root), 'text/html; charset=UTF-8', revalidated)
    app.on('get', path, () => html)
  }
  for (const [path, location] of [
    ['/', 'docs'],
    ['/docs/', '../docs'],
    ['/swagger', 'docs'],
    ['/swagger/', '../docs'],
  ] as const) {
    app.on('get', path, () => ({ status: 302, body: '', headers: { location, ...revalidated } }))
  }
  for (const [name, mediaType] of Object.entries(assets)) {
    const bytes = new Uint8Array(readFileSync(join(swaggerFolder, name)))
    app.on('get', `/docs/assets/${name}`, () => reply(bytes, mediaType, cachedForAnHour))
  }
}

const reply = (
  body: string | Uint8Array<ArrayBuffer>,
  mediaType: string,
  headers: Record<string, string>,
): Reply => ({
  status: 200,
  body,
  headers: { 'content-type': mediaType, ...headers },
})

/** The document that describes every route registered so far; it is also checked in under `docs/api/`. */
export function openApiDocument(app: HttpApp, api: { title: string; description: string }) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { ...api, version: API_VERSION, license: { name: 'MIT' } },
    // Relative to the document, which may be behind a prefix.
    servers: [{ url: './' }],
  })
}

/** @param root the relative address of the path that the service serves as `/` */
function page(title: string, root: './' | '../'): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <link rel="stylesheet" href="${root}docs/assets/swagger-ui.css">
    <link rel="icon" href="${root}docs/assets/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${root}docs/assets/swagger-ui-bundle.js"></script>
    <script>SwaggerUIBundle({ url: '${root}openapi.json', dom_id: '#swagger-ui', tryItOutEnabled: true })</script>
  </body>
</html>
`
}
