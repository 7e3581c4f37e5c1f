/** Rejects unless a GET returns a 2xx status within a second. */
export async function answersOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`${url} returned ${response.status}`)
}
