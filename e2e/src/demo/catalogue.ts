import { readFileSync } from 'node:fs'

export type CatalogueProduct = { name: string; description: string; category: string; priceCents: number }

const file = new URL('../../data/catalogue.jsonl', import.meta.url)

/** The 200 products of the demo, one a line. What cannot be seen (zero-width and direction marks) is escaped. */
export function readCatalogue(): CatalogueProduct[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as CatalogueProduct)
}
