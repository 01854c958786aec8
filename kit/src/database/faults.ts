type DatabaseError = { code?: unknown; errcode?: unknown; syscall?: unknown };

/** SQLite's primary result codes: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. https://sqlite.org/rescode.html */
const sqliteUnavailable = new Set([5, 6, 8, 10, 13, 14]);

/**
 * PostgreSQL's connection exceptions, insufficient resources (such as a full disk), timeouts, operator intervention, a
 * server that takes no writes (25006), and system errors. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const postgresUnavailable = /^(08|53|55P03|57P|57014|25006|25P03|58)/;

const networkFaults = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE']);
/** https://nodejs.org/api/tls.html#x509-certificate-error-codes and OpenSSL's own */
const tlsFaults =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|CERT_|CRL_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/;
const tlsRefused = /does not support SSL|establishing an SSL connection|no encryption|no pg_hba.conf entry.*SSL/;
const droppedConnection =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|Client was closed|Query read timeout/;

/** Whether the database is temporarily unavailable, so the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, syscall } = error as DatabaseError;
  if (typeof errcode === 'number') return sqliteUnavailable.has(errcode & 0xff);
  // a missing socket file is an ENOENT
  if (syscall === 'connect' || isTlsFault(error)) return true;
  if (typeof code === 'string') return postgresUnavailable.test(code) || networkFaults.has(code);
  return droppedConnection.test(error.message);
}

/** Whether the connection failed over encryption or a certificate. */
export function isTlsFault(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return tlsFaults.test(String(code ?? '')) || tlsRefused.test(String(message ?? ''));
}

const sqliteBusy = 5;

/** A deadlock, a serialization failure or another process's write: the same statements can be run again at once. */
export function isTransient(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DatabaseError;
  return code === '40P01' || code === '40001' || errcode === sqliteBusy;
}
