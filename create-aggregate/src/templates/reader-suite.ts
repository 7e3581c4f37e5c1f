import { capitalized, type Field, type Slice } from '../slice.ts'

/** The guarantees of the reader's runtime, tested on the slice with real servers. */
export function readerSuite({ name, type, collection, fields }: Slice): string {
  const varied = fields.find(({ exampleOf }) => exampleOf) as Field
  return `import { readModelSuite } from '../runtime/testing/read-model-suite.ts'
import { ${name}ReadModel, type ${type} } from './${name}-read-model.ts'

function ${name}At(id: string, version: number, createdAt = new Date('2026-03-14T09:26:53.589Z')): ${type} {
  return {
    id,
    version,
    deleted: false,
${fields.map((field) => `    ${field.name}: ${field === varied ? field.exampleOf?.('version') : field.example},`).join('\n')}
    createdAt,
    updatedAt: new Date('2026-03-15T10:00:00.123Z'),
  }
}

readModelSuite(${name}ReadModel, {
  state: (id, version) => ${name}At(id, version),
  deleted: (id, version) => ({ id, version, deleted: true }),
  listed: {
    list${capitalized(collection)}: {
      createdAt: (id, version, key) => ${name}At(id, version, new Date(1_700_000_000_000 + key)),
    },
  },
})
`
}
