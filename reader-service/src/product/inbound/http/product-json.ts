import type { Product } from '../../domain/product.ts'

export type ProductJson = Omit<Product, 'createdAt' | 'updatedAt' | 'deleted'> & {
  /** RFC 3339, UTC, with milliseconds. */
  createdAt: string
  updatedAt: string
}

export function productJson(product: Product): ProductJson {
  return {
    id: product.id,
    version: product.version,
    name: product.name,
    description: product.description,
    category: product.category,
    priceCents: product.priceCents,
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  }
}
