/**
 * A server gives calls in hand so long when it stops, ms: more than a command's time limit, and for HTTP and then gRPC
 * together well within the 24 s of the whole stop.
 */
const WITHIN_MS = 6_000

/**
 * Has a server take nothing new and waits for the calls in hand. Who has not sent its request or read its answer, or
 * listens for ever, as a watch of the health does, is cut off after `withinMs`.
 */
export function stopServer(
  stop: (done: (error?: Error) => void) => void,
  cut: () => void,
  withinMs = WITHIN_MS,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(cut, withinMs)
    stop((error) => {
      clearTimeout(late)
      if (error) reject(error)
      else resolve()
    })
  })
}
