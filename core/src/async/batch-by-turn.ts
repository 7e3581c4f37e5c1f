/**
 * Combines single calls: all calls of one turn of the event loop are one call of `runBatch`, which returns their
 * results in the same order. If it rejects, each of them rejects with its error. There is no timer: a lone call waits
 * only until its turn ends.
 */
export function batchByTurn<Input, Output>(
  runBatch: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): (input: Input) => Promise<Output> {
  type Call = PromiseWithResolvers<Output> & { input: Input }
  let calls: Call[] = []

  async function run(): Promise<void> {
    const batch = calls
    calls = []
    try {
      const outputs = await runBatch(batch.map(({ input }) => input))
      for (const [index, { resolve }] of batch.entries()) resolve(outputs[index]!)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return (input) => {
    if (calls.length === 0) setImmediate(() => void run())
    const call = { ...Promise.withResolvers<Output>(), input }
    calls.push(call)
    return call.promise
  }
}
