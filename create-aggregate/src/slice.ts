/** A slice to write, with its names in all forms that the templates use. */
export type Slice = {
  /** `supplier`: names the folders, the topic `supplier.events`, the read model and its metrics. */
  name: string
  /** `Supplier`: begins the names of types, messages and methods. */
  type: string
  /** `suppliers`: the path `/api/v1/suppliers` and the SQL view. */
  collection: string
  /** `a supplier`, for sentences. */
  one: string
  fields: readonly Field[]
  /** Whether the reader keeps every change. */
  history: boolean
  /** The fields by which the reader keeps totals, and of which. */
  totals: { group: Field; value: Field } | undefined
}

/** A field of the aggregate, with its form in each language. Source text is ready to be inserted. */
export type Field = {
  /** `postCode`, in TypeScript and JSON. */
  name: string
  /** `post_code`, in protobuf and SQL. */
  snakeCase: string
  /** For the comments of the contract: `1-250 Unicode code points.` */
  rule: string
  protobufType: 'string' | 'int64' | 'bool'
  type: 'string' | 'number' | 'boolean'
  /** The function of the writer's `runtime/input.ts` that `input` calls, if any. */
  inputKind: 'text' | 'slug' | 'wholeNumber' | undefined
  /** The zod schema of the writer, which validates. */
  input: string
  /** The zod schema of the reader, which describes. */
  output: string
  /** Converts the text of a JSON value to the SQL type: `::bigint`. */
  sqlCast: '' | '::bigint' | '::boolean'
  /** Whether lists can be filtered by it, and totals grouped. */
  filter: boolean
  /** Whether it is a number that is never negative, which totals can sum up. */
  summable: boolean
  /** A valid value, and another one. */
  example: string
  otherExample: string
  /** An expression for another value for each number `n` from 0 to 999; undefined if the kind has too few values. */
  exampleOf: ((n: string) => string) | undefined
}

export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
