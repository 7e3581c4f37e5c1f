import { deletedNoteAt, noteAt, noteReadModel } from './notes.ts'
import { readModelSuite } from './read-model-suite.ts'

readModelSuite(noteReadModel, {
  state: noteAt,
  deleted: deletedNoteAt,
  listed: {
    newestNotes: {
      createdAt: (id, version, key) => noteAt(id, version, { createdAt: new Date(1_700_000_000_000 + key) }),
      text: (id, version, key) => noteAt(id, version, { text: `${1_000 + key}`, rank: version }),
    },
    lowestNotes: {
      rank: (id, version, key) => noteAt(id, version, { rank: key }),
      text: (id, version, key) => noteAt(id, version, { text: `${1_000 + key}`, rank: version }),
    },
  },
  top: {
    newestNotes: {
      rank: (id, version, key) => noteAt(id, version, { rank: key }),
      createdAt: (id, version, key) => noteAt(id, version, { createdAt: new Date(1_700_000_000_000 + key) }),
    },
  },
})
