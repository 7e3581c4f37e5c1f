import { DatabaseError } from 'pg'

/**
 * True when the server itself said that the statement failed and the connection goes on: the statement was
 * rolled back and nothing was done. Anything else (a lost connection, a time-out on our side, a server that shuts
 * down) says nothing about a statement that was already sent.
 *
 * By the code, since the word of the severity is in the server's language: class 08 connection exception, 25P03 and
 * 57P0x a session that is ended, 58 system error and XX internal error, which may take the server down.
 */
export function rolledBack(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !/^(08|25P03|57P0|58|XX)/.test(error.code ?? 'XX')
}

/**
 * True when the statement may well succeed later without a change to it: class 40 transaction rollback,
 * 53 insufficient resources (a full disk among them), 55 object not in prerequisite state (a lock time-out),
 * 57 operator intervention (a statement time-out), 58 system error; or the connection was lost.
 * Classes as in https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true
  return /^(08|25006|40|53|55|57|58)/.test(error.code ?? '')
}
