import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The output of a program that `scripts/bootstrap bench` installs. */
export async function runProgram(program: string, parameters: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [...parameters], { maxBuffer: 2 ** 26 })
    return stdout
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string }
    const message =
      code === 'ENOENT'
        ? `${program} is not installed: run scripts/bootstrap bench`
        : `${program} failed:\n${stdout}\n${stderr}`
    throw new Error(message, { cause: error })
  }
}
