import { status } from '@grpc/grpc-js'
import { ConfigError, readSettings } from '@lockstep/core/config/settings.ts'
import { Command, CommanderError } from 'commander'
import { serviceError, type Addresses } from './clients.ts'
import { addAuditCommand } from './audit/command.ts'
import { cliSettings } from './config.ts'
import { addErrorsCommand } from './errors/command.ts'
import { Problem, UsageError } from './exit.ts'
import { output, type Output, type Streams } from './output.ts'
import { addRebuildCommand } from './rebuild/command.ts'
import { addRepublishCommand } from './republish/command.ts'

export type Io = Streams & { env: Record<string, string | undefined> }

/** What every command gets of the options that all of them take. */
export type Context = { out: Output; addresses: Addresses }

type GlobalOptions = { json?: boolean; writer?: string; reader?: string }

const description = `The operators' tool: a client of the services' operators' API (lockstep.ops.v1).

Exit codes: 0 done, 1 the command found or had a problem, 2 wrong usage.`

/** Runs one command and gives its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('lockstep')
  program
    .description(description)
    .option('--json', 'print JSON, one value a line, and no progress')
    .option('--writer <host:port>', 'gRPC address of a writer (or LOCKSTEP_WRITER)')
    .option('--reader <host:port>', 'gRPC address of a reader (or LOCKSTEP_READER)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(--help says more)')
  const context = () => contextOf(program.opts<GlobalOptions>(), io)
  addErrorsCommand(program, context)
  addRepublishCommand(program, context)
  addAuditCommand(program, context)
  addRebuildCommand(program, context)

  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    return exitCodeOf(error, io)
  }
}

function contextOf(options: GlobalOptions, io: Io): Context {
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

function exitCodeOf(error: unknown, io: Io): number {
  const say = (message: string) => io.stderr.write(`lockstep: ${message}\n`)
  // Commander has already said what is wrong; its code for help is 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof ConfigError) {
    say(error.message)
    return 2
  }
  if (error instanceof Problem) {
    say(error.message)
    return 1
  }
  const failed = serviceError(error)
  if (!failed) throw error
  say(failed.message)
  return failed.code === status.INVALID_ARGUMENT ? 2 : 1
}
