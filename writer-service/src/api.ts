/** How the OpenAPI document of the writer introduces it. */
export const writerApi = {
  title: 'Lockstep writer',
  description:
    'Commands. A success means that the command is stored durably; the reader shows its effect within moments, and at once to a query with `minVersion`.',
}
