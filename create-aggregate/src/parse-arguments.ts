import { parseArgs } from 'node:util'
import { fieldKinds } from './field-kinds.ts'
import { type Field, type Slice, capitalized } from './slice.ts'

/** Wrong arguments: what is wrong with each of them, and how to call the command. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const kindUsages = Object.values(fieldKinds)
  .map(({ usage: form }) => form)
  .join(', ')

const kindsText = Object.values(fieldKinds)
  .map(({ usage, meaning }) => `  ${usage.padEnd(18)}${meaning}`)
  .join('\n')

/** For a text and for a message: which field an aggregate needs. */
const changingField = `at least one field that can have 1,000 different values, because the generated tests change it that often:
a text of 3 or more characters, a slug, money, or an integer whose max is min + 1000 or more`

export const usage = `usage: pnpm create_aggregate <name> <field>:<kind>... [options]
example: pnpm create_aggregate supplier 'name:text(250)' country:slug
kinds:
${kindsText}
options:
  --collection <plural>        the plural of the name, if it is irregular
  --history                    a read model that keeps every change
  --totals <group>,<value>     a read model that keeps the count, sum, minimum and maximum of a field that is money or
                               an integer from 0, in each group; the group is a field that is a slug
An aggregate needs ${changingField}.`

/** The fields that the runtime, the contract or the queries of every aggregate have. */
const reservedFields = [
  ...['id', 'version', 'deleted', 'createdAt', 'updatedAt', 'deletedAt', 'occurredAt', 'eventId', 'change'],
  ...['details', 'expectedVersion', 'idempotencyKey', 'minVersion', 'pageSize', 'pageToken', 'items'],
]

/** They cannot name a variable in TypeScript. */
const keywords =
  `arguments async await break case catch class const constructor continue debugger default delete do else
  enum eval export extends false finally for function if implements import in instanceof interface let new null package
  private protected prototype public return static super switch this throw true try typeof undefined var void while with
  yield`.split(/\s+/)

/** With a capital, they are types that the generated files use; the last two are folders. */
const reservedNames = [
  ...[
    'command',
    'date',
    'decision',
    'event',
    'exclude',
    'facts',
    'message',
    'readonly',
    'source',
    'tombstone',
  ],
  ...['runtime', 'testing'],
]

/** The tables of the writer, beside which the SQL view gets its name. */
const reservedCollections = ['aggregates', 'events', 'outbox']

/** Throws a UsageError with every problem. */
export function parseArguments(argv: readonly string[]): Slice {
  const { name, fields: fieldArguments, options, problems: optionProblems } = split(argv)
  const chosenCollection = options.collection
  if (name === undefined) throw usageError(optionProblems)
  const collection = chosenCollection ?? plural(name)
  const parsed = fieldArguments.map(parseField)
  const fields = parsed.filter((each) => typeof each !== 'string')
  const ofName = nameProblems(name)
  const collectionCounts = ofName.length === 0 || chosenCollection !== undefined
  const problems = [
    ...optionProblems,
    ...ofName,
    ...(collectionCounts ? collectionProblems(name, chosenCollection, collection) : []),
    ...parsed.filter((each) => typeof each === 'string'),
    ...fieldsProblems(name, fields, fieldArguments.length),
  ]
  if (problems.length > 0) throw usageError(problems)
  // Last, because a field that is wrong cannot be found.
  const totals = options.totals === undefined ? undefined : totalsOf(options.totals, fields)
  if (typeof totals === 'string') throw usageError([totals])
  const one = `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
  const history = options.history !== undefined
  return { name, type: capitalized(name), collection, one, fields, history, totals }
}

function usageError(problems: readonly string[]): UsageError {
  const once = [...new Set(problems)]
  return new UsageError([...once, ...(once.length > 0 ? [''] : []), usage].join('\n'))
}

const optionKinds = {
  collection: { type: 'string', needs: '--collection needs a word, such as --collection people' },
  totals: { type: 'string', needs: '--totals needs two fields, such as --totals country,creditCents' },
  history: { type: 'boolean', needs: '--history has no value' },
} as const

type Options = Partial<Record<keyof typeof optionKinds, string>>

function split(argv: readonly string[]) {
  const { positionals, tokens } = parseArgs({
    args: [...argv],
    options: optionKinds,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const [name, ...fields] = positionals
  const options: Options = {}
  const problems: string[] = []
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = token.name as keyof Options
    const kind = Object.hasOwn(optionKinds, option) ? optionKinds[option] : undefined
    if (!kind) problems.push(`unknown option ${token.rawName}`)
    else if (kind.type === 'string' ? !token.value || token.value.startsWith('-') : token.value !== undefined)
      problems.push(kind.needs)
    else options[option] = token.value ?? ''
  }
  return { name, fields, options, problems }
}

/** Totals have these fields beside the one that names the group. */
const fieldsOfTotals = ['count', 'sum', 'min', 'max', 'sort']

/** The two fields, or what is wrong with the option. */
function totalsOf(text: string, fields: readonly Field[]): NonNullable<Slice['totals']> | string {
  const [groupName = '', valueName = '', ...others] = text.split(',')
  const [group, value] = [groupName, valueName].map((each) => fields.find(({ name }) => name === each))
  if (others.length > 0 || !group || !value) {
    return `--totals ${text}: name two fields of the aggregate, such as --totals country,creditCents`
  }
  if (!group.filter || fieldsOfTotals.includes(groupName)) {
    return `--totals ${text}: ${groupName} cannot be the group, which is a slug with another name than ${fieldsOfTotals.join(', ')}`
  }
  if (!value.summable) {
    return `--totals ${text}: ${valueName} cannot be summed up: the value is money, or an integer from 0`
  }
  return { group, value }
}

const plural = (name: string) =>
  /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}${/(s|x|z|ch|sh)$/.test(name) ? 'es' : 's'}`

function nameProblems(name: string): string[] {
  if (!/^[a-z]{2,30}$/.test(name)) {
    return [
      `"${name}" cannot name an aggregate: use one word of 2-30 letters in lower case, such as supplier`,
    ]
  }
  if ([...keywords, ...reservedNames].includes(name)) {
    return [`"${name}" cannot name an aggregate: the generated code has another meaning for it`]
  }
  return []
}

/** @param chosen the collection in the arguments; a name that looks like a plural needs one */
function collectionProblems(name: string, chosen: string | undefined, collection: string): string[] {
  if (chosen === undefined && /[^isu]s$/.test(name)) {
    return [`"${name}" looks like a plural: use the singular, or add --collection with its plural`]
  }
  if (!/^[a-z]{2,40}$/.test(collection) || reservedCollections.includes(collection)) {
    return [
      `"${collection}" cannot name the collection: use --collection with another word of letters in lower case`,
    ]
  }
  return []
}

/** The field, or what is wrong with the argument. */
function parseField(argument: string): Field | string {
  if (/\([^)]*$/.test(argument))
    return `"${argument}" has no ")" at its end: write for example 'name:text(250)', with the quotes`
  const match = /^([^:]+):(\w+)(?:\(([^()]*)\))?$/.exec(argument)
  if (!match) return `"${argument}" is not a field: write name:kind, such as 'name:text(250)'`
  const [, name = '', kindName = '', parameterText] = match
  if (!/^[a-z][a-z0-9]+([A-Z][a-z0-9]+)*$/.test(name) || name.length > 40) {
    return `"${name}" cannot name a field: use camelCase of 2-40 letters and digits, such as postCode`
  }
  if ([...reservedFields, ...keywords].includes(name))
    return `"${name}" is reserved: choose another name for the field`
  const kind = Object.hasOwn(fieldKinds, kindName) ? fieldKinds[kindName] : undefined
  if (!kind) return `"${argument}" has an unknown kind: ${kindName}; the kinds are ${kindUsages}`
  const parameters = parameterText === undefined ? [] : parameterText.split(',').map((text) => text.trim())
  if (parameters.length !== kind.parameters || !parameters.every((text) => /^-?\d+$/.test(text))) {
    return `"${argument}" must be ${name}:${kind.usage}, with whole numbers`
  }
  const numbers = parameters.map(Number)
  const names = { name, snakeCase: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) }
  const problem = kind.problem?.(numbers, names)
  return problem ? `"${argument}": ${problem}` : { ...names, ...kind.form(numbers, names) }
}

function fieldsProblems(name: string, fields: readonly Field[], given: number): string[] {
  if (given === 0) return [`${name} needs at least one field`]
  const problems: string[] = []
  const names = fields.map((field) => field.name)
  const repeated = new Set(names.filter((each, index) => names.indexOf(each) !== index))
  for (const each of repeated) problems.push(`the field ${each} is there more than once`)
  if (fields.length === given && fields.every(({ exampleOf }) => exampleOf === undefined)) {
    problems.push(`${name} needs ${changingField}`)
  }
  return problems
}
