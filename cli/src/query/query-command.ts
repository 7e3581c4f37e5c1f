import { Metadata } from '@grpc/grpc-js'
import {
  CatalogueStatisticsClient,
  type ListCategoryTotalsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/catalogue_statistics.ts'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import {
  ProductHistoryClient,
  type ListProductEventsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_history.ts'
import {
  ProductQueriesClient,
  type CountProductsResponse,
  type ListTopProductsResponse,
  type SearchProductsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import type { Command } from 'commander'
import { ask, withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { wholeNumber } from '../whole-number.ts'

type Page = { pageSize?: number; pageToken?: string }

/** `lockstep query ...`: the reader's queries of products. Values are checked by the reader, for every protocol. */
export function addQueryCommand(program: Command, contextOf: () => Context): void {
  const query = program.command('query').description('query the products of a reader')
  addList(query, contextOf)
  addCount(query, contextOf)
  addTop(query, contextOf)
  addTotals(query, contextOf)
  addHistory(query, contextOf)
}

function addList(query: Command, contextOf: () => Context): void {
  paged(query.command('list'))
    .description('list the products that match')
    .option('--search <words>', 'every word is the beginning of some word of the product')
    .option('--category <slug>', 'exactly this category')
    .option('--sort <order>', 'createdAt, name or priceCents; --sort=-name for the reverse')
    .action(async (options: { search?: string; category?: string; sort?: string } & Page) => {
      const { out, addresses } = contextOf()
      const { search = '', category = '', sort = '', pageToken = '', ...rest } = options
      const page = await withClient(ProductQueriesClient, 'reader', addresses, (client) =>
        ask<SearchProductsResponse>((...call) =>
          client.searchProducts({ search, category, sort, pageToken, ...rest }, new Metadata(), ...call),
        ),
      )
      for (const product of page.items) out.value(product, productLine(product))
      nextPage(out, page.nextPageToken)
    })
}

function addCount(query: Command, contextOf: () => Context): void {
  query
    .command('count')
    .description('count the products that match, exactly up to 10,000')
    .option('--search <words>', 'every word is the beginning of some word of the product')
    .option('--category <slug>', 'exactly this category')
    .action(async ({ search = '', category = '' }: { search?: string; category?: string }) => {
      const { out, addresses } = contextOf()
      const found = await withClient(ProductQueriesClient, 'reader', addresses, (client) =>
        ask<CountProductsResponse>((...call) =>
          client.countProducts({ search, category }, new Metadata(), ...call),
        ),
      )
      out.value(found, found.exact ? `${found.count}` : `more than ${found.count}`)
    })
}

function addTop(query: Command, contextOf: () => Context): void {
  query
    .command('top')
    .description('list the highest products by one field, from a document that the reader keeps')
    .option('--category <slug>', 'exactly this category')
    .option('--by <field>', 'priceCents (the default) or updatedAt')
    .option('--limit <products>', '1-100', wholeNumber(1, 100))
    .action(async (options: { category?: string; by?: string; limit?: number }) => {
      const { out, addresses } = contextOf()
      const { category = '', by = '', ...rest } = options
      const top = await withClient(ProductQueriesClient, 'reader', addresses, (client) =>
        ask<ListTopProductsResponse>((...call) =>
          client.listTopProducts({ category, by, ...rest }, new Metadata(), ...call),
        ),
      )
      out.value(top, [...top.items.map(productLine), `${top.document}, ${top.ageMs} ms old`].join('\n'))
    })
}

function addTotals(query: Command, contextOf: () => Context): void {
  query
    .command('totals')
    .description('list the count, sum, minimum and maximum of the prices by category')
    .option('--category <slug>', 'exactly this category')
    .option('--sort <order>', 'name (the default), count or sum; --sort=-sum for the reverse')
    .action(async ({ category = '', sort = '' }: { category?: string; sort?: string }) => {
      const { out, addresses } = contextOf()
      const request = { category, sort, productId: '' }
      const totals = await withClient(CatalogueStatisticsClient, 'reader', addresses, (client) =>
        ask<ListCategoryTotalsResponse>((...call) =>
          client.listCategoryTotals(request, new Metadata(), ...call),
        ),
      )
      const lines = totals.items.map((each) =>
        [each.category, `${each.count} products`, `sum ${each.sum}`, `${each.min} to ${each.max}`].join('  '),
      )
      out.value(totals, [...lines, `as of ${totals.asOf?.toISOString() ?? 'no event'}`].join('\n'))
    })
}

function addHistory(query: Command, contextOf: () => Context): void {
  paged(query.command('history'))
    .description('list what changed in a product, the newest first')
    .argument('<id>', 'the id of the product')
    .action(async (id: string, { pageToken = '', ...rest }: Page) => {
      const { out, addresses } = contextOf()
      const page = await withClient(ProductHistoryClient, 'reader', addresses, (client) =>
        ask<ListProductEventsResponse>((...call) =>
          client.listProductEvents({ id, pageToken, ...rest }, new Metadata(), ...call),
        ),
      )
      for (const event of page.items) {
        const changes = event.changes.map(
          ({ field, from, to }) => `${field}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`,
        )
        const { version, type, occurredAt } = event
        out.value(event, [`${version}`, type, occurredAt?.toISOString(), ...changes].join('  '))
      }
      nextPage(out, page.nextPageToken)
    })
}

function paged(command: Command): Command {
  return command
    .option('--page-size <items>', '1-100', wholeNumber(1, 100))
    .option('--page-token <token>', 'the token that the page before ended with')
}

/** The token is on stderr, so that stdout has items only. */
function nextPage({ warn }: Context['out'], token: string): void {
  if (token !== '') warn(`more: --page-token ${token}`)
}

function productLine({ id, version, name, category, priceCents }: Product): string {
  return [id, `version ${version}`, category, `${priceCents}`, name].join('  ')
}
