import { readFile } from 'node:fs/promises'
import {
  createFileRegistry,
  fromBinary,
  ScalarType,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, test } from 'vitest'
import { contractDescriptors } from './descriptors.ts'
import { fromTimestamp, RequestReader } from './strict-reader.ts'

type Codec = { decode: (input: Uint8Array | RequestReader) => Record<string, unknown> }

/** Every message of the contracts, with the code that is generated for it. */
const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(contractDescriptors)))
const messages = await Promise.all(
  [...files]
    .filter((type) => type.kind === 'message')
    .map(async (message) => {
      const path = new URL(`./gen/${message.file.name}.ts`, import.meta.url).href
      const generated = (await import(path)) as Record<string, Codec>
      // A nested message: BadRequest_FieldViolation.
      const name = message.parent ? `${message.parent.name}_${message.name}` : message.name
      return { message, codec: generated[name]! }
    }),
)
const fieldsOf = ({ fields }: DescMessage, scalar: ScalarType) =>
  fields.filter((field) => scalarOf(field) === scalar)

function scalarOf(field: DescField): ScalarType | undefined {
  return field.fieldKind === 'scalar' || (field.fieldKind === 'list' && field.listKind === 'scalar')
    ? field.scalar
    : undefined
}

const bytesOf = (field: DescField, value: Uint8Array) =>
  new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(value).finish()

describe.each(messages)('$message.typeName', ({ message, codec }) => {
  test('is not decoded if a string is not UTF-8', () => {
    for (const field of fieldsOf(message, ScalarType.STRING)) {
      for (const hex of ['61ff62', 'eda080', 'c080', 'f4908080', `${'61'.repeat(40)}ff`]) {
        expect(() => codec.decode(bytesOf(field, Buffer.from(hex, 'hex'))), field.name).toThrow('utf-8')
      }
      // A byte-order mark is part of the text.
      const decoded = codec.decode(bytesOf(field, Buffer.from('\ufefftea')))
      const fields = (field.oneof ? decoded[field.oneof.localName] : decoded) as typeof decoded
      expect([fields[field.localName]].flat(), field.name).toEqual(['\ufefftea'])
    }
  })

  test('is not decoded if it ends with what is no field', () => {
    for (const end of ['00', '0c', '02']) {
      expect(() => codec.decode(Buffer.from(end, 'hex')), end).toThrow(RangeError)
    }
  })

  test('is not decoded if a field is longer than the message that has it', () => {
    for (const field of message.fields) {
      if (field.message === undefined) continue
      const inner = field.message.fields.find((each) => scalarOf(each) === ScalarType.STRING)
      if (inner === undefined) continue
      // The inner message has 2 bytes, its string claims the 3 bytes behind them.
      const cut = bytesOf(inner, Buffer.from('tea')).subarray(0, 2)
      const bytes = Buffer.concat([bytesOf(field, cut), Buffer.from('tea')])
      expect(() => codec.decode(bytes), field.name).toThrow()
    }
  })

  test('an int64 above 2^53 is not decoded, except in a request, where it is NaN', () => {
    for (const field of fieldsOf(message, ScalarType.INT64)) {
      for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
        const bytes = new BinaryWriter().tag(field.number, WireType.Varint).int64(value).finish()
        expect(() => codec.decode(bytes), field.name).toThrow('SAFE_INTEGER')
        expect(codec.decode(new RequestReader(bytes))[field.localName], field.name).toBeNaN()
      }
      const largest = new BinaryWriter()
        .tag(field.number, WireType.Varint)
        .int64(2 ** 53 - 1)
        .finish()
      expect(codec.decode(new RequestReader(largest))[field.localName]).toBe(2 ** 53 - 1)
    }
  })

  test('an int32 of a request is not cut to 32 bits', () => {
    for (const field of fieldsOf(message, ScalarType.INT32)) {
      const decoded = (value: number) => {
        const bytes = new BinaryWriter().tag(field.number, WireType.Varint).int64(value).finish()
        return codec.decode(new RequestReader(bytes))[field.localName]
      }
      expect([1, -1, 2 ** 31 - 1, -(2 ** 31)].map(decoded)).toEqual([1, -1, 2 ** 31 - 1, -(2 ** 31)])
      expect([2 ** 32 + 1, 2 ** 31, -(2 ** 31) - 1].map(decoded)).toEqual([NaN, NaN, NaN])
    }
  })
})

test.each([
  [{ seconds: 1, nanos: 500_000_000 }, 1_500],
  [{ seconds: -1, nanos: 999_000_000 }, -1],
  [{ seconds: 0, nanos: 1_000_000_000 }, NaN],
  [{ seconds: 0, nanos: -1 }, NaN],
  [{ seconds: 0, nanos: NaN }, NaN],
  [{ seconds: NaN, nanos: 0 }, NaN],
])('the timestamp %j is %s', (timestamp, ms) => {
  expect(fromTimestamp(timestamp).getTime()).toBe(ms)
})
