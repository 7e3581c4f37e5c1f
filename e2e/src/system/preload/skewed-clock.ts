/** Shifts the clock of this process. Timers and `performance.now()` are unchanged. */
export function skewClock(aheadMs: number): void {
  const RealDate = Date
  const now = () => RealDate.now() + aheadMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, parameters: []) =>
      parameters.length === 0 ? new target(now()) : (Reflect.construct(target, parameters) as Date),
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  })
}
