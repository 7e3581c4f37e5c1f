/** Title and description of the reader's HTTP API in its OpenAPI document. */
export const readerApi = {
  title: 'Lockstep reader',
  description: 'Queries of the read models. The writer accepts commands.',
}
