/**
 * The most CPU time that the writers may use per command and the readers per event, in iterations of reference-loop.ts.
 *
 * To measure them again after the services have changed, run
 * `scripts/run npx vitest run --project guard` on an idle machine: it prints what it measured. A limit is
 * about 1.35 times that (measured: 67 per command), so that a loss of half as much again is found and noise is not. Then
 * check that `PLANTED_LOSS=1 scripts/run npx vitest run --project guard` fails.
 *
 * Three read models project each event of a product. The documents alone took 36; 73 is an estimate for all three, from
 * the CPU time of each store and of a consumer. Measure it.
 */
export const limits = { command: 90, event: 100 }
