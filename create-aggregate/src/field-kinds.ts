import { type Field, capitalized } from './slice.ts'

/** The kinds of fields: `name:text(250)`. Each describes itself in protobuf, TypeScript, JSON and SQL. */

type Names = Pick<Field, 'name' | 'snakeCase'>
type Form = Omit<Field, keyof Names>

type Kind = {
  /** How a caller writes it, for the usage text. */
  usage: string
  meaning: string
  /** The number of its whole-number parameters. */
  parameters: number
  /** Why the field or its parameters are wrong; undefined if they are right. */
  problem?: (parameters: readonly number[], names: Names) => string | undefined
  form: (parameters: readonly number[], names: Names) => Form
}

const MAX_TEXT = 10_000
const MAX_CENTS = 99_999_999_999
const MAX_SLUG = 60

/** Tests make a thousand changes, each to another value. */
const CHANGES = 1_000

const LIMIT = Number.MAX_SAFE_INTEGER

export const fieldKinds: Readonly<Record<string, Kind>> = {
  text: {
    usage: 'text(max)',
    meaning: `1 to max Unicode code points; max is 1-${MAX_TEXT}`,
    parameters: 1,
    problem: ([max = 0]) =>
      max >= 1 && max <= MAX_TEXT ? undefined : `the length of a text is 1-${MAX_TEXT}, not ${max}`,
    form([max = 0], { snakeCase }) {
      const words = snakeCase.replaceAll('_', ' ')
      const longest = `Some ${words} 999`
      const prefix = max >= longest.length ? `Some ${words} ` : ''
      return {
        ...string,
        rule: `1-${max} Unicode code points.`,
        inputKind: 'text',
        input: `text(1, ${number(max)}).meta({ example: ${quoted(cut(`Some ${words}`, max))} })`,
        output: `z.string().openapi({ example: ${quoted(cut(`Some ${words}`, max))} })`,
        filter: false,
        example: quoted(cut(`Some ${words}`, max)),
        otherExample: quoted(cut(`Other ${words}`, max)),
        exampleOf: max >= 3 ? (n) => `\`${prefix}\${${n}}\`` : undefined,
      }
    },
  },
  slug: {
    usage: 'slug',
    meaning: `a-z, 0-9 and single hyphens between them, 1-${MAX_SLUG} characters; lists can be filtered by it`,
    parameters: 0,
    form(_, { snakeCase }) {
      const words = snakeCase.replaceAll('_', '-')
      return {
        ...string,
        rule: `A slug of 1-${MAX_SLUG} characters: [a-z0-9]+(-[a-z0-9]+)*.`,
        inputKind: 'slug',
        input: `slug(${MAX_SLUG}).meta({ example: 'some-${words}' })`,
        output: `z.string().openapi({ example: 'some-${words}' })`,
        filter: true,
        example: `'some-${words}'`,
        otherExample: `'other-${words}'`,
        exampleOf: (n) => `\`some-${words}-\${${n}}\``,
      }
    },
  },
  integer: {
    usage: 'integer(min,max)',
    meaning: `a whole number from min to max; both are from -${LIMIT} to ${LIMIT}`,
    parameters: 2,
    problem([min = 0, max = 0]) {
      if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max))
        return `min and max are from -${LIMIT} to ${LIMIT}`
      return min < max ? undefined : `min must be less than max, not ${min},${max}`
    },
    form: ([min = 0, max = 0]) => ({
      ...wholeNumbers(min, max, min, min + 1),
      rule: `${min} to ${max}.`,
      input: `wholeNumber(${number(min)}, ${number(max)}).meta({ example: ${number(min)} })`,
    }),
  },
  money: {
    usage: 'money',
    meaning: `an amount in whole cents, 0-${MAX_CENTS}; the name of the field ends with Cents`,
    parameters: 0,
    problem: (_, { name }) =>
      /.Cents$/.test(name)
        ? undefined
        : `money is in cents, and the name says so: call the field ${name}Cents`,
    form: () => ({
      ...wholeNumbers(0, MAX_CENTS, 1250, 2_000),
      rule: `0-${MAX_CENTS}.`,
      input: `wholeNumber(0, ${number(MAX_CENTS)}).meta({ example: 1250, description: 'In cents' })`,
    }),
  },
  flag: {
    usage: 'flag',
    meaning: 'true or false',
    parameters: 0,
    form: () => ({
      rule: 'True or false.',
      protobufType: 'bool',
      type: 'boolean',
      inputKind: undefined,
      input: 'z.boolean()',
      output: 'z.boolean()',
      sqlCast: '::boolean',
      filter: false,
      summable: false,
      example: 'true',
      otherExample: 'false',
      exampleOf: undefined,
    }),
  },
}

const string = { protobufType: 'string', type: 'string', sqlCast: '', summable: false } as const

/** @param changed the first of the values that tests change the field to */
function wholeNumbers(
  min: number,
  max: number,
  example: number,
  changed: number,
): Omit<Form, 'rule' | 'input'> {
  return {
    protobufType: 'int64',
    type: 'number',
    inputKind: 'wholeNumber',
    output: `z.int().openapi({ example: ${number(example)} })`,
    sqlCast: '::bigint',
    filter: false,
    summable: min >= 0,
    example: number(example),
    otherExample: number(changed),
    exampleOf: max - min >= CHANGES ? (n) => `${number(changed)} + ${n}` : undefined,
  }
}

/** With an underscore between thousands, from five digits on. */
function number(value: number): string {
  return Math.abs(value) < 10_000 ? `${value}` : `${value}`.replaceAll(/\B(?=(\d{3})+$)/g, '_')
}

const quoted = (text: string) => `'${text}'`

/** The first `max` characters, without a space at the end. */
const cut = (text: string, max: number) => capitalized(text.slice(0, max).trimEnd())
