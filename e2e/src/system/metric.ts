import type { Service } from './services.ts'

/** The value of a metric; `label` is one of its labels as it is printed, `result="hit"`. */
export async function metric({ admin }: Service, name: string, label = ''): Promise<number | undefined> {
  const { text } = await admin.send('GET', '/metrics', { timeoutMs: 2_000 })
  const line = text.split('\n').find((each) => /^\w+/.exec(each)?.[0] === name && each.includes(label))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
}
