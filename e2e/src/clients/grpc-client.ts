import {
  credentials,
  Metadata,
  status,
  type CallOptions,
  type Client,
  type ServiceError,
} from '@grpc/grpc-js'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import {
  ProductCommandsClient,
  type CreateProductRequest,
  type CreateProductResponse,
  type DeleteProductRequest,
  type DeleteProductResponse,
  type UpdateProductRequest,
  type UpdateProductResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import {
  ProductQueriesClient,
  type GetProductRequest,
  type GetProductResponse,
  type SearchProductsRequest,
  type SearchProductsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'

import {
  StockCommandsClient,
  type CountStockRequest,
  type CountStockResponse,
  type ReceiveStockRequest,
  type ReceiveStockResponse,
  type ReleaseReservationRequest,
  type ReleaseReservationResponse,
  type ReserveStockRequest,
  type ReserveStockResponse,
  type ShipReservationRequest,
  type ShipReservationResponse,
} from '@lockstep/contracts/gen/lockstep/stock/v1/stock_commands.ts'
import {
  StockQueriesClient,
  type GetStockRequest,
  type GetStockResponse,
  type ListStockRequest,
  type ListStockResponse,
} from '@lockstep/contracts/gen/lockstep/stock/v1/stock_queries.ts'

type Call<Request, Response> = (request: Request, options?: { timeoutMs?: number }) => Promise<Response>

/** A client with promises; a status other than OK rejects with a ServiceError. */
export type CommandsClient = Disposable & {
  createProduct: Call<CreateProductRequest, CreateProductResponse>
  updateProduct: Call<UpdateProductRequest, UpdateProductResponse>
  deleteProduct: Call<DeleteProductRequest, DeleteProductResponse>
  receiveStock: Call<ReceiveStockRequest, ReceiveStockResponse>
  reserveStock: Call<ReserveStockRequest, ReserveStockResponse>
  releaseReservation: Call<ReleaseReservationRequest, ReleaseReservationResponse>
  shipReservation: Call<ShipReservationRequest, ShipReservationResponse>
  countStock: Call<CountStockRequest, CountStockResponse>
  /** Sends any bytes. */
  raw: RawCall
}

export type QueriesClient = Disposable & {
  getProduct: Call<GetProductRequest, GetProductResponse>
  searchProducts: Call<Partial<SearchProductsRequest>, SearchProductsResponse>
  getStock: Call<GetStockRequest, GetStockResponse>
  listStock: Call<Partial<ListStockRequest>, ListStockResponse>
  raw: RawCall
}

type RawCall = (path: string, bytes: Buffer) => Promise<Buffer>

// A restarted server is tried at once, not after the growing pauses of grpc-js.
const options = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 200 }

export function commandsClient(address: string): CommandsClient {
  const client = new ProductCommandsClient(address, credentials.createInsecure(), options)
  const stock = new StockCommandsClient(address, credentials.createInsecure(), options)
  return {
    createProduct: promised((...call) => client.createProduct(...call)),
    updateProduct: promised((...call) => client.updateProduct(...call)),
    deleteProduct: promised((...call) => client.deleteProduct(...call)),
    receiveStock: promised((...call) => stock.receiveStock(...call)),
    reserveStock: promised((...call) => stock.reserveStock(...call)),
    releaseReservation: promised((...call) => stock.releaseReservation(...call)),
    shipReservation: promised((...call) => stock.shipReservation(...call)),
    countStock: promised((...call) => stock.countStock(...call)),
    raw: raw(client),
    [Symbol.dispose]: () => {
      client.close()
      stock.close()
    },
  }
}

export function queriesClient(address: string): QueriesClient {
  const client = new ProductQueriesClient(address, credentials.createInsecure(), options)
  const stock = new StockQueriesClient(address, credentials.createInsecure(), options)
  const list = promised<ListStockRequest, ListStockResponse>((...call) => stock.listStock(...call))
  const search = promised<SearchProductsRequest, SearchProductsResponse>((...call) =>
    client.searchProducts(...call),
  )
  return {
    getProduct: promised((...call) => client.getProduct(...call)),
    searchProducts: (request, limits) =>
      search({ search: '', category: '', sort: '', pageToken: '', ...request }, limits),
    getStock: promised((...call) => stock.getStock(...call)),
    listStock: (request, limits) => list({ sort: '', pageToken: '', ...request }, limits),
    raw: raw(client),
    [Symbol.dispose]: () => {
      client.close()
      stock.close()
    },
  }
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown

function promised<Request, Response>(method: Method<Request, Response>): Call<Request, Response> {
  return (request, { timeoutMs = 15_000 } = {}) =>
    new Promise((resolve, reject) => {
      method(request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) =>
        error ? reject(error) : resolve(response),
      )
    })
}

/** A call with one response is a stream of one. */
function raw(client: Client): RawCall {
  const same = (bytes: Buffer) => bytes
  return async (path, bytes) => {
    const limits = { deadline: Date.now() + 15_000 }
    const stream = client.makeServerStreamRequest(path, same, same, bytes, new Metadata(), limits)
    const responses: Buffer[] = []
    for await (const response of stream as AsyncIterable<Buffer>) responses.push(response)
    return Buffer.concat(responses)
  }
}

/** The name of the status with which a call ends. */
export async function statusOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  )
  return status[error?.code ?? status.OK]
}

/** The fields of the google.rpc.BadRequest in the error's details, sorted. */
export function invalidFields(error: ServiceError): string[] {
  const [details] = error.metadata.get('grpc-status-details-bin')
  if (!Buffer.isBuffer(details)) return []
  return Status.decode(details)
    .details.flatMap(({ value }) => BadRequest.decode(value).fieldViolations ?? [])
    .map(({ field }) => field)
    .toSorted()
}
