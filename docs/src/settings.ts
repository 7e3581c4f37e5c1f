import { cliSettings } from '@lockstep/cli/config.ts'
import type { Setting, Settings } from '@lockstep/core/config/settings.ts'
import { stackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { topicSettings } from '@lockstep/migrations/topic-settings.ts'
import { readerSettings } from '@lockstep/reader-service/config.ts'
import { writerSettings } from '@lockstep/writer-service/config.ts'
import { code, table } from './markdown.ts'

type Group = { title: string; settings: Settings }

const has = (settings: Settings, name: string) => Object.hasOwn(settings, name)
const only = (settings: Settings, keep: (name: string) => boolean): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => keep(name)))

const shared = (name: string) => has(writerSettings, name) && has(readerSettings, name)
const ofServices: Settings = { ...writerSettings, ...readerSettings }

/** Every setting once, grouped by the program that reads it. */
export const settingGroups = {
  both: { title: 'Both services', settings: only(writerSettings, shared) },
  writer: { title: 'Writer', settings: only(writerSettings, (name) => !shared(name)) },
  reader: { title: 'Reader', settings: only(readerSettings, (name) => !shared(name)) },
  topics: { title: 'Topic setup', settings: only(topicSettings, (name) => !has(ofServices, name)) },
  cli: { title: "The operators' tool", settings: cliSettings },
  local: {
    title: 'Servers on this machine',
    settings: only(stackSettings, (name) => !has(ofServices, name)),
  },
} satisfies Record<string, Group>

/** The tables of docs/settings.md. */
export const settingTables: Record<string, string> = Object.fromEntries(
  Object.entries(settingGroups).map(([name, { settings }]) => [name, settingTable(settings)]),
)

/** The text of .env.example: every setting with its default, commented out. */
export function envExample(): string {
  const groups = Object.values(settingGroups).map(
    ({ title, settings }) => `# --- ${title} ---\n\n${entries(settings).map(envLines).join('\n\n')}\n`,
  )
  const head =
    '# Copy this file to .env and change what you need; make and docker compose read it. See docs/settings.md.\n' +
    '# Put a value with a $ in single quotes: docker compose replaces $NAME in other values.\n'
  return [head, ...groups].join('\n')
}

function settingTable(settings: Settings): string {
  const rows = entries(settings).map(([name, setting]) => [code(name), defaultText(setting), setting.help])
  return table(['Setting', 'Default', 'Meaning'], rows)
}

function envLines([name, { help, default: value = '' }]: [string, Setting<unknown>]): string {
  return `# ${help}\n# ${name}=${value}`
}

function defaultText({ default: value }: Setting<unknown>): string {
  if (value === undefined) return 'must be set'
  return value === '' ? 'empty' : code(value)
}

function entries(settings: Settings): [string, Setting<unknown>][] {
  return Object.entries(settings)
}
