import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fillInCompose } from './compose.ts'
import { errorTables } from './errors.ts'
import { makeTargets } from './make-targets.ts'
import { fillIn } from './markdown.ts'
import { metricTables } from './metrics.ts'
import { openApiFiles } from './open-api.ts'
import { envExample, settingTables } from './settings.ts'

const root = join(import.meta.dirname, '../..')
const contentOf = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every file that is generated from the code, whole or between marks, with the text that it must have. */
export function generatedFiles(): { path: string; text: string }[] {
  const { writer, reader } = openApiFiles()
  const files = {
    '.env.example': envExample(),
    'docker-compose.yaml': fillInCompose(contentOf('docker-compose.yaml')),
    'README.md': fillIn(contentOf('README.md'), { targets: makeTargets(contentOf('Makefile')) }),
    'docs/settings.md': fillIn(contentOf('docs/settings.md'), settingTables),
    'docs/metrics.md': fillIn(contentOf('docs/metrics.md'), metricTables()),
    'docs/errors.md': fillIn(contentOf('docs/errors.md'), errorTables()),
    'docs/api/writer.openapi.json': writer,
    'docs/api/reader.openapi.json': reader,
  }
  return Object.entries(files).map(([path, text]) => ({ path: join(root, path), text }))
}
