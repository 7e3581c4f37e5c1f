import type { HttpClient } from '../clients/http-client.ts'
import type { CatalogueProduct } from './catalogue.ts'

export type Written = { id: string; version: number }

/** Sends a command to the writer; rejects when it is not done. */
export async function sendDemoCommand(
  http: HttpClient,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: {
    details?: Partial<CatalogueProduct>
    /** The version that the product must have. */
    ifMatch?: number | undefined
    /** W3C traceparent: the command is a part of this trace. */
    traceparent: string
  },
): Promise<Written> {
  const { details, ifMatch, traceparent } = options
  const headers = { traceparent, ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }) }
  const response = await http.send(method, path, { json: details, headers })
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text}`)
  return response.json as Written
}
