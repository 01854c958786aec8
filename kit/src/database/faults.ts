type DatabaseError = { code?: unknown; errcode?: unknown };

/** SQLite's primary result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. https://sqlite.org/rescode.html */
const sqliteUnavailable = new Set([5, 6, 8, 10, 13, 14]);

/**
 * PostgreSQL's connection exceptions, insufficient resources (such as a full disk), timeouts, operator intervention and
 * system errors. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const postgresUnavailable = /^(08|53|55P03|57P|57014|25P03|58)/;

const networkFaults = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE']);
const droppedConnection =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|Client was closed|Query read timeout/;

/** Whether the database is temporarily unavailable, so the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as DatabaseError;
  if (typeof errcode === 'number') return sqliteUnavailable.has(errcode & 0xff);
  if (typeof code === 'string') return postgresUnavailable.test(code) || networkFaults.has(code);
  return droppedConnection.test(error.message);
}

const sqliteBusy = 5;

/** A deadlock, a serialization failure or another process's write: the same statements can be run again at once. */
export function isTransient(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DatabaseError;
  return code === '40P01' || code === '40001' || errcode === sqliteBusy;
}
