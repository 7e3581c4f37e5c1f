/**
 * Characters that a terminal does not show as themselves: control and format characters (direction, zero width), code
 * points without a character, characters that are ignored by default, and separators other than the space.
 */
const unsafe = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu

/** Escapes foreign text for one line: it cannot move the cursor, reorder or hide text, or fake a line of our output. */
export function foreignText(text: string): string {
  return text.replaceAll(unsafe, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}

/** The same for text whose line breaks are ours. Every output passes here, so that no command can forget it. */
export function foreignLines(text: string): string {
  return text.split('\n').map(foreignText).join('\n')
}

/** JSON on one line that a terminal shows as it is. A parser returns the same value as from `JSON.stringify`. */
export function terminalJson(value: object): string {
  return JSON.stringify(value).replaceAll(unsafe, (char) =>
    char
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
