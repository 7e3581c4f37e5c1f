import { glob, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'

/**
 * The last step of `pnpm generate`: makes the generated code decode with the `StrictReader`. ts-proto has no option for
 * its reader. Fails if ts-proto generates other code than this expects.
 */
const folder = resolve(import.meta.dirname, 'gen')
const strictReader = resolve(import.meta.dirname, 'strict-reader.ts')

const fromTimestamp = `function fromTimestamp(t: Timestamp): Date {
  let millis = (t.seconds || 0) * 1_000;
  millis += (t.nanos || 0) / 1_000_000;
  return new globalThis.Date(millis);
}

`

for await (const file of glob('**/*.ts', { cwd: folder })) {
  const path = resolve(folder, file)
  const code = await readFile(path, 'utf8')
  await writeFile(path, strict(code, relative(dirname(path), strictReader)))
}

function strict(code: string, reader: string): string {
  const decoders = code.split('const reader = input instanceof BinaryReader').length - 1
  const hasTimes = code.includes('function fromTimestamp(')
  const names = `${hasTimes ? 'fromTimestamp, ' : ''}StrictReader as BinaryReader`
  const steps: [from: string, to: string, times: number][] = [
    [
      'import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";',
      `import { BinaryWriter } from "@bufbuild/protobuf/wire";\nimport { ${names} } from "${reader}";`,
      1,
    ],
    [
      '        if ((tag & 7) === 4 || tag === 0) {\n          break;\n        }\n        reader.skip(tag & 7);\n',
      '        reader.skipUnknown(tag);\n',
      decoders,
    ],
    [
      '      return message;\n    } finally {',
      '      reader.requireEnd(end);\n      return message;\n    } finally {',
      decoders,
    ],
    [fromTimestamp, '', hasTimes ? 1 : 0],
  ]
  return steps.reduce((before, [from, to, times]) => {
    const parts = before.split(from)
    if (parts.length - 1 !== times)
      throw new Error(`the generated code has changed: not ${times} times ${from}`)
    return parts.join(to)
  }, code)
}
