import { product } from './product.ts'
import { stock } from './stock.ts'
import type { Subject } from './subject.ts'

export const subjects: readonly Subject[] = [product, stock]

export function subjectOf(type: string): Subject {
  const found = subjects.find((subject) => subject.type === type)
  if (!found) throw new Error(`There is no subject ${type}; add it to e2e/src/subjects/all.ts.`)
  return found
}
