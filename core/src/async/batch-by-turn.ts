/**
 * Combines single calls: all calls of one turn of the event loop are one call of `runBatch`, which returns their
 * results in the same order. If it rejects, each of them rejects with its error. There is no timer: a lone call waits
 * only until its turn ends. Calls that arrive while `inFlight` batches are in flight form the next batch together.
 */
export function batchByTurn<Input, Output>(
  runBatch: (inputs: readonly Input[]) => Promise<readonly Output[]>,
  { inFlight = Infinity }: { inFlight?: number } = {},
): (input: Input) => Promise<Output> {
  type Call = PromiseWithResolvers<Output> & { input: Input }
  let calls: Call[] = []
  let running = 0
  let starting = false

  /** After the calls of this turn, among them those that follow the end of a batch. */
  function startSoon(): void {
    if (starting || running >= inFlight || calls.length === 0) return
    starting = true
    setImmediate(() => {
      starting = false
      void run()
    })
  }

  async function run(): Promise<void> {
    const batch = calls
    calls = []
    running++
    try {
      const outputs = await runBatch(batch.map(({ input }) => input))
      for (const [index, { resolve }] of batch.entries()) resolve(outputs[index]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    running--
    startSoon()
  }

  return (input) => {
    const call = { ...Promise.withResolvers<Output>(), input }
    calls.push(call)
    startSoon()
    return call.promise
  }
}
