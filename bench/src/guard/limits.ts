/**
 * The most CPU time that the writers may use per command and the readers per event, in iterations of reference-loop.ts.
 *
 * To measure them again after the services have changed, run
 * `scripts/run npx vitest run --project guard` several times on an idle machine: it prints what it measured. Then run it
 * with PLANTED_LOSS=1, which must fail: one of the two is enough. Measured: 33 to 48 per command, 33 after all other
 * tests, and 37 to 47 per event; with the loss 54 to 59 and 64 to 68.
 *
 * Three read models project each event of a product.
 */
export const limits = { command: 62, event: 58 }
