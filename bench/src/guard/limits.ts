/**
 * The most CPU time that the writers may use per command and the readers per event, in iterations of reference-loop.ts.
 *
 * To measure them again after the services have changed, run
 * `scripts/run npx vitest run --project guard` several times on an idle machine: it prints what it measured. Then run it
 * with PLANTED_LOSS=1, which must fail: one of the two is enough. Measured: 38 to 62 per command, the most after all
 * other tests, and 40 to 54 per event; with the loss 57 to 73 and 69 to 74.
 *
 * Three read models project each event of a product.
 */
export const limits = { command: 76, event: 66 }
