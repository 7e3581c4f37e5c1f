import { status } from '@grpc/grpc-js'
import { hostPortText, parseAddress } from '@lockstep/core/config/address.ts'
import { ConfigError } from '@lockstep/core/config/settings.ts'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { addAuditCommand } from './audit/audit-command.ts'
import { serviceError } from './clients.ts'
import { contextOf, type GlobalOptions, type Io } from './context.ts'
import { addErrorsCommand } from './errors/errors-command.ts'
import { Problem, UsageError } from './exit.ts'
import { addQueryCommand } from './query/query-command.ts'
import { addRebuildCommand } from './rebuild/rebuild-command.ts'
import { addRepublishCommand } from './republish/republish-command.ts'
import { addExportCommands } from './snapshot/export-commands.ts'
import { addSnapshotCommand } from './snapshot/snapshot-command.ts'
import { foreignLines } from './terminal-text.ts'

const description = `The operators' tool, a client of the services' operators' API (lockstep.ops.v1).

Exit codes: 0 done, 1 the command found a problem or failed, 2 wrong usage.`

/** Runs one command and returns its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('lockstep')
  program
    .description(description)
    .option('--json', 'print JSON, one value per line, and no progress')
    .option('--writer <host:port>', 'gRPC address of a writer (or LOCKSTEP_WRITER)', serviceAddress)
    .option('--reader <host:port>', 'gRPC address of a reader (or LOCKSTEP_READER)', serviceAddress)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(foreignLines(text)),
      // It repeats what the caller wrote.
      writeErr: (text) => io.stderr.write(foreignLines(text)),
    })
    .showHelpAfterError('(run the command with --help for its arguments and options)')
  const context = () => contextOf(program.opts<GlobalOptions>(), io)
  addErrorsCommand(program, context)
  addRepublishCommand(program, context)
  addAuditCommand(program, context)
  addRebuildCommand(program, context)
  addSnapshotCommand(program, context)
  addExportCommands(program, context)
  addQueryCommand(program, context)

  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    return exitCodeOf(error, io)
  }
}

function exitCodeOf(error: unknown, io: Io): number {
  const report = (message: string) => io.stderr.write(`lockstep: ${foreignLines(message)}\n`)
  // Commander has already reported the error; its code for help is 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof ConfigError) {
    report(error.message)
    return 2
  }
  if (error instanceof Problem) {
    report(error.message)
    return 1
  }
  const failed = serviceError(error)
  if (!failed) throw error
  report(failed.message)
  return failed.code === status.INVALID_ARGUMENT ? 2 : 1
}

function serviceAddress(text: string): string {
  try {
    return hostPortText(parseAddress(text))
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`)
  }
}
