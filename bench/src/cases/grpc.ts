import { GetProductRequest } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { CreateProductRequest } from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import { ReceiveStockRequest } from '@lockstep/contracts/gen/lockstep/stock/v1/stock_commands.ts'
import { GetStockRequest } from '@lockstep/contracts/gen/lockstep/stock/v1/stock_queries.ts'
import { commandsClient, queriesClient } from '@lockstep/e2e/clients/grpc-client.ts'
import { freePort } from '@lockstep/local-infra/ports.ts'
import type { Bench, Case, CaseResult } from '../case.ts'
import { grpcLoad } from '../load/h2load.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { timed } from '../measure/timed.ts'
import { startReference } from '../reference/reference-process.ts'
import { portsOf } from '../stack/bench-stack.ts'
import { newProducts } from '../stack/product-ids.ts'
import { CALLERS, createTransactions } from './create.ts'
import { updateTransactions } from './stock.ts'

const STOCKS = 8

const product = {
  product: {
    name: 'Blue enamel teapot',
    description: 'Holds 1.2 l; dishwasher safe.',
    category: 'kitchen',
    priceCents: 3490,
  },
}

/** Commands of both aggregates over gRPC. The receipts go to 8 stocks: a process of h2load has one message. */
export const grpcCommands: Case = {
  name: 'grpc-commands',
  title: 'Commands over gRPC, 64 callers',
  async run(bench) {
    const url = `http://127.0.0.1:${portsOf(bench.stack.settings, 'writer').grpc}`
    const create = [CreateProductRequest.encode(product).finish()]
    const receipts = Array.from({ length: STOCKS }, () => ({ id: crypto.randomUUID(), quantity: 1 }))
    const receive = receipts.map((each) => ReceiveStockRequest.encode(each).finish())
    // h2load does not look at the status of a call, so one call of each kind is checked first.
    using client = commandsClient(url.slice('http://'.length))
    await client.createProduct(product)
    for (const receipt of receipts) await client.receiveStock(receipt)

    const load = (method: string, messages: Uint8Array[]) => () =>
      timed(
        () => grpcLoad({ url, method, messages, callers: CALLERS, seconds: bench.seconds }),
        bench.pipeline.projected,
      )
    const [created, inserts, received, updates] = await alternate(bench.meter, bench.rounds, [
      { name: 'CreateProduct', measure: load('lockstep.product.v1.ProductCommands/CreateProduct', create) },
      { name: 'pgbench create-product.sql, 64 clients', measure: () => createTransactions(bench) },
      { name: 'ReceiveStock', measure: load('lockstep.stock.v1.StockCommands/ReceiveStock', receive) },
      { name: 'pgbench update-stock.sql, 64 clients', measure: () => updateTransactions(bench) },
    ])
    const result: CaseResult = { figures: [], sides: [] }
    for (const [side, reference] of [
      [created!, inserts!],
      [received!, updates!],
    ] as const) {
      const samples = paired(side, reference, rate)
      result.figures.push({ what: `${side.name}, 64 callers / ${reference.name}`, unit: '×', samples })
      result.sides.push({ per: 'command', rounds: side }, { per: 'transaction', rounds: reference })
    }
    return result
  },
}

export const grpcQueries: Case = {
  name: 'grpc-queries',
  title: 'Get cached items over gRPC, 64 callers',
  async run(bench) {
    const address = `127.0.0.1:${portsOf(bench.stack.settings, 'reader').grpc}`
    const [id = ''] = await newProducts(bench, 1)
    await receiveStock(bench, id)
    using client = queriesClient(address)
    await Promise.all([client.getProduct({ id }), client.getStock({ id })])

    const result: CaseResult = { figures: [], sides: [] }
    for (const [method, message] of [
      ['lockstep.product.v1.ProductQueries/GetProduct', GetProductRequest.encode({ id }).finish()],
      ['lockstep.stock.v1.StockQueries/GetStock', GetStockRequest.encode({ id }).finish()],
    ] as const) {
      const bytes = await client.raw(`/${method}`, Buffer.from(message))
      const port = await freePort()
      await using _constant = await startReference('constant-grpc', bench.stack.settings.LOCAL_DIR, [
        String(port),
        `/${method}`,
        bytes.toString('base64'),
      ])
      const load = (url: string) => () =>
        grpcLoad({ url, method, messages: [message], callers: CALLERS, seconds: bench.seconds })
      const name = method.split('/')[1]!
      const [cached, same] = await alternate(bench.meter, bench.rounds, [
        { name: `${name}, cached`, measure: load(`http://${address}`) },
        { name: `constant response from grpc-js to ${name}`, measure: load(`http://127.0.0.1:${port}`) },
      ])
      const samples = paired(cached!, same!, rate)
      result.figures.push({
        what: `${name}, cached, 64 callers / constant response from grpc-js`,
        unit: '×',
        samples,
      })
      result.sides.push({ per: 'query', rounds: cached! }, { per: 'request', rounds: same! })
    }
    return result
  },
}

async function receiveStock(bench: Bench, id: string): Promise<void> {
  using client = commandsClient(`127.0.0.1:${portsOf(bench.stack.settings, 'writer').grpc}`)
  await client.receiveStock({ id, quantity: 10 })
  await bench.pipeline.projected()
}
