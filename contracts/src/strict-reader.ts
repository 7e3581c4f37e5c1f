import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/**
 * What the generated code decodes messages with. ts-proto accepts bytes that are not the message: it repairs strings
 * that are not UTF-8, ignores what follows an end of group, and reads beyond the end of a nested message. With this
 * reader, `decode` throws instead.
 */
export class StrictReader extends BinaryReader {
  /** proto3 strings are UTF-8; the base class replaces other bytes by U+FFFD. */
  override string(): string {
    return super.string(true)
  }

  skipUnknown(tag: number): void {
    const field = tag >>> 3
    const wireType: WireType = tag & 7
    if (field === 0 || wireType === WireType.EndGroup)
      throw new RangeError(`there is no field with tag ${tag}`)
    this.skip(wireType, field)
  }

  /** The fields of a message end where its length says. */
  requireEnd(end: number): void {
    if (this.pos !== end) throw new RangeError('a field is longer than its message')
  }
}

/**
 * Decodes requests. A number that the message cannot have becomes NaN, which every rule of input refuses: the caller
 * then sees its field beside the other invalid fields. A `StrictReader` throws for an int64 above 2^53, and takes the
 * last 32 bits for an int32.
 */
export class RequestReader extends StrictReader {
  override int64(): bigint | string {
    const value = super.int64()
    return Number.isSafeInteger(Number(value)) ? value : 'NaN'
  }

  override int32(): number {
    const value = Number(super.int64())
    return value === (value | 0) ? value : NaN
  }
}

/** A google.protobuf.Timestamp as a Date, which is invalid for a time that a Timestamp cannot have. */
export function fromTimestamp({ seconds, nanos }: { seconds: number; nanos: number }): Date {
  const valid = Number.isInteger(nanos) && nanos >= 0 && nanos <= 999_999_999
  return new Date(valid ? seconds * 1_000 + nanos / 1_000_000 : NaN)
}
