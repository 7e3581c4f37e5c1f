/** How an operator finds the name that a command needs. */
export const listReadModels = 'lockstep rebuild --status lists the read models and their generations'
