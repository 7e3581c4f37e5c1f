export type ProductBody = { name: string; description?: string; category?: string; priceCents: number }

export type Written = { id: string; version: number }

/** The writer refused a command, or failed at it. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

/** The writer's HTTP API. `traceparent` (W3C) makes the command a part of the caller's trace. */
export function writerClient(baseUrl: string) {
  const products = `${baseUrl}/api/v1/products`

  async function send(
    method: string,
    url: string,
    options: { body?: object; ifMatch?: number | undefined; traceparent?: string | undefined },
  ): Promise<Written> {
    const response = await fetch(url, {
      method,
      headers: {
        ...(options.body && { 'content-type': 'application/json' }),
        ...(options.ifMatch !== undefined && { 'if-match': `"${options.ifMatch}"` }),
        ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
      },
      ...(options.body && { body: JSON.stringify(options.body) }),
    })
    const answer = await response.text()
    if (!response.ok) throw new CommandFailed(`${method} ${url}: ${response.status} ${answer}`)
    return JSON.parse(answer) as Written
  }

  type Options = { ifMatch?: number; traceparent?: string }
  return {
    create: (body: ProductBody, options: Pick<Options, 'traceparent'> = {}) =>
      send('POST', products, { ...options, body }),
    replace: (id: string, body: ProductBody, options: Options = {}) =>
      send('PUT', `${products}/${id}`, { ...options, body }),
    change: (id: string, body: Partial<ProductBody>, options: Options = {}) =>
      send('PATCH', `${products}/${id}`, { ...options, body }),
    remove: (id: string, options: Options = {}) => send('DELETE', `${products}/${id}`, options),
  }
}

export type WriterClient = ReturnType<typeof writerClient>
