/** How the HTTP API of the writer introduces itself. */
export const writerApi = {
  title: 'Lockstep writer',
  description:
    'Commands of the product catalogue. An answer means that the command is stored for good; the reader shows its effect within moments, and at once to a query with `minVersion`.',
}
