/**
 * Resolves when the signal is aborted. Disposal removes the listener: a signal that lives as long as the process would
 * keep one for each wait, and what each wait returned.
 */
export function abortOf(signal: AbortSignal): Disposable & { promise: Promise<undefined> } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const onAbort = () => resolve(undefined)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) }
}
