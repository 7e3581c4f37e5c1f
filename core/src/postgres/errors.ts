import { DatabaseError } from 'pg'

/**
 * True if the server itself reported the failure and the connection remains usable: the statement was rolled back and
 * nothing was done. After any other error (a lost connection, a timeout on our side, a server that shuts down), the
 * outcome of a statement that was sent is unknown.
 *
 * Uses the code, because the severity is in the server's language: class 08 connection exception, 25P03 and 57P0x ended
 * session, 58 system error and XX internal error, which may stop the server.
 */
export function rolledBack(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && !/^(08|25P03|57P0|58|XX)/.test(error.code ?? 'XX')
}

/**
 * True if the same statement may succeed later: the connection was lost, or class 40 transaction rollback, 53
 * insufficient resources (for example a full disk), 55 object not in prerequisite state (a lock timeout), 57 operator
 * intervention (a statement timeout), 58 system error.
 * Classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true
  return /^(08|25006|40|53|55|57|58)/.test(error.code ?? '')
}
