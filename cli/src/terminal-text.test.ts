import { expect, test } from 'vitest'
import { foreignLines, foreignText, terminalJson } from './terminal-text.ts'

test.each([
  ['a control character', '\u001b[2J', String.raw`\u001b[2J`],
  ['a C1 control character', '\u009b', String.raw`\u009b`],
  ['a line break', 'a\r\nb', String.raw`a\u000d\u000ab`],
  ['a right-to-left override', '\u202e', String.raw`\u202e`],
  ['an isolate', '\u2067x\u2069', String.raw`\u2067x\u2069`],
  ['a line separator', '\u2028\u2029', String.raw`\u2028\u2029`],
  ['a zero-width space', '\u200b', String.raw`\u200b`],
  ['a soft hyphen', '\u00ad', String.raw`\u00ad`],
  ['a byte order mark', '\ufeff', String.raw`\ufeff`],
  ['a tag beyond 16 bits', '\u{e0041}', String.raw`\u{e0041}`],
  ['a filler that looks empty', '\u3164\u115f', String.raw`\u3164\u115f`],
  ['a variation selector', '\ufe0f\u{e0100}', String.raw`\ufe0f\u{e0100}`],
  ['a space that is not U+0020', '\u00a0\u3000\u2003', String.raw`\u00a0\u3000\u2003`],
  ['a lone surrogate', '\ud800', String.raw`\ud800`],
  ['private use', '\ue000', String.raw`\ue000`],
])('%s is escaped, also in JSON, which keeps its value', (_, text, escaped) => {
  expect(foreignText(`<${text}>`)).toBe(`<${escaped}>`)
  const json = terminalJson({ text })
  expect(foreignText(json)).toBe(json)
  expect(JSON.parse(json)).toEqual({ text })
})

test('text that a terminal shows as it is stays unchanged', () => {
  const text = 'Straße, 日本語学校, दिल, שלום, e\u0301, 😀, "\\" <ü>'
  expect(foreignText(text)).toBe(text)
  expect(foreignLines(`${text}\n${text}`)).toBe(`${text}\n${text}`)
})
