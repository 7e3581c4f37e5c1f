import { z } from '@hono/zod-openapi'
import { StockStatisticsService } from '@lockstep/contracts/gen/lockstep/stock/v1/stock_statistics.ts'
import { groupedTotals } from '../runtime/grouped-totals/grouped-totals.ts'
import { stockSource, type Stock } from './stock-read-model.ts'

const levels = ['sold-out', 'low', 'plenty'] as const

/** Fewer available items count as low. */
const PLENTY = 10

function levelOf({ onHand, reserved }: Stock): (typeof levels)[number] {
  const available = onHand - reserved
  if (available === 0) return 'sold-out'
  return available < PLENTY ? 'low' : 'plenty'
}

/** How many stocks are sold out, low or plentiful, and the sum, the lowest and the highest of what is available. */
export const stockTotals = groupedTotals({
  name: 'stock-totals',
  of: stockSource,
  group: levelOf,
  value: ({ onHand, reserved }: Stock) => onHand - reserved,
  query: {
    groupName: 'level',
    filter: {
      schema: z.enum(levels).openapi({ description: `Low: 1-${PLENTY - 1} are available` }),
      problems: (level) =>
        levels.some((each) => each === level) ? [] : [`must be one of ${levels.join(', ')}`],
    },
    idName: 'stockId',
    tag: 'Stock',
    path: '/api/v1/stock-levels/totals',
    operationId: 'listStockTotals',
    summary: 'Totals by level of stock',
    schema: 'StockTotals',
    value: 'the available quantity',
  },
  grpc: (service, totals) => service(StockStatisticsService, { listStockTotals: totals }),
})
