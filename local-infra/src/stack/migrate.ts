import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ServerFailed } from '../server.ts'

const migrations = join(import.meta.dirname, '../../../migrations/src')

/** The setup steps that the servers need before the services start. */
export const setupSteps = {
  postgres: ['postgres.ts', 'up'],
  kafka: ['topics.ts'],
  mongo: ['mongo.ts'],
} as const

export async function runSetup(name: keyof typeof setupSteps, env: Record<string, string>): Promise<void> {
  const [script, ...parameters] = setupSteps[name]
  try {
    const options = { env: { ...process.env, ...env } }
    await promisify(execFile)(process.execPath, [join(migrations, script), ...parameters], options)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-15)
    throw new ServerFailed(name, `migrations/src/${script} failed`, output)
  }
}
