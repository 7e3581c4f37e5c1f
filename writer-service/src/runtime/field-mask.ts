import { invalid, quoted } from '@lockstep/core/errors/app-error.ts'
import { z } from 'zod'
import { parseInput } from './input.ts'

/**
 * The changes that an update with a field mask requests (https://google.aip.dev/134): an empty mask or `*` means every
 * field; a field in the mask that is not set takes its default, or is refused if it has none.
 *
 * @param mask names of fields as in the .proto file or as in JSON: `price_cents`, `priceCents`
 * @throws `invalid`
 */
export function masked<S extends z.ZodRawShape>(
  fields: z.ZodObject<S>,
  values: object = {},
  mask: readonly string[] = [],
): Partial<z.output<z.ZodObject<S>>> {
  const names = Object.keys(fields.shape)
  const paths = new Map(names.flatMap((name) => [[name, name] as const, [inProto(name), name] as const]))
  const unknown = mask.filter((path) => path !== '*' && !paths.has(path))
  if (unknown.length > 0) {
    throw invalid(unknown.map((path) => ({ field: 'update_mask', message: `has no field ${quoted(path)}` })))
  }
  if (mask.length === 0 || mask.includes('*')) return parseInput(fields, values)
  const chosen = new Set(mask.map((path) => paths.get(path)))
  const only = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => chosen.has(name)))
  return parseInput(z.strictObject(only(fields.shape)), only({ ...values })) as Partial<
    z.output<z.ZodObject<S>>
  >
}

function inProto(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
