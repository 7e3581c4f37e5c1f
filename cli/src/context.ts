import { readSettings } from '@lockstep/core/config/settings.ts'
import type { Addresses } from './clients.ts'
import { cliSettings } from './config.ts'
import { output, type Output, type Streams } from './output.ts'

export type Io = Streams & { env: Record<string, string | undefined> }

/** What every command derives from the options that all commands accept. */
export type Context = { out: Output; addresses: Addresses }

export type GlobalOptions = { json?: boolean; writer?: string; reader?: string }

export function contextOf(options: GlobalOptions, io: Io): Context {
  const settings = readSettings(cliSettings, io.env)
  return {
    out: output(io, options.json === true),
    addresses: {
      writer: options.writer ?? settings.LOCKSTEP_WRITER,
      reader: options.reader ?? settings.LOCKSTEP_READER,
      tls: {
        caFile: settings.LOCKSTEP_TLS_CA_FILE,
        certFile: settings.LOCKSTEP_TLS_CERT_FILE,
        keyFile: settings.LOCKSTEP_TLS_KEY_FILE,
      },
    },
  }
}
