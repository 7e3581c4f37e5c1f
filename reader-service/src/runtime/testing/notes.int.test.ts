import { deletedNoteAt, noteAt, noteReadModel } from './notes.ts'
import { readModelSuite } from './read-model-suite.ts'

readModelSuite(noteReadModel, {
  state: noteAt,
  deleted: deletedNoteAt,
  listed: {
    newestNotes: (id, version, key) => noteAt(id, version, { createdAt: new Date(1_700_000_000_000 + key) }),
    lowestNotes: (id, version, key) => noteAt(id, version, { rank: key }),
  },
})
