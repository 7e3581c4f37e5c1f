/** Runs a program of this folder. If it fails, prints why, and what to do if its server does not run. */
export async function runMain(failure: string, main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const { message, code } = error as Error & { code?: unknown }
    // An error of several addresses has no message.
    const reason = message || String(code)
    const refused = /ECONNREFUSED/.test(`${reason} ${String(code)}`)
    console.error(`${failure}: ${reason}${refused ? '; start the servers with: make up' : ''}`)
    process.exitCode = 1
  }
}
