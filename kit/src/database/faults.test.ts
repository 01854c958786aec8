import { describe, expect, it } from 'vitest';
import { isTransient, isUnavailable } from './faults.ts';

function anError(properties: object, message = 'it failed') {
  return Object.assign(new Error(message), properties);
}

describe('a database error', () => {
  it.each([
    ['SQLite: busy', anError({ code: 'ERR_SQLITE_ERROR', errcode: 5 })],
    ['SQLite: busy after a snapshot (extended code)', anError({ code: 'ERR_SQLITE_ERROR', errcode: 517 })],
    ['SQLite: disk full', anError({ code: 'ERR_SQLITE_ERROR', errcode: 13 })],
    ['SQLite: cannot read', anError({ code: 'ERR_SQLITE_ERROR', errcode: 266 })],
    ['PostgreSQL: shut down by its administrator', anError({ code: '57P01' })],
    ['PostgreSQL: starting up', anError({ code: '57P03' })],
    ['PostgreSQL: a statement took too long', anError({ code: '57014' })],
    ['PostgreSQL: lock not available', anError({ code: '55P03' })],
    ['PostgreSQL: too many connections', anError({ code: '53300' })],
    ['PostgreSQL: disk full', anError({ code: '53100' })],
    ['PostgreSQL: connection failure', anError({ code: '08006' })],
    ['PostgreSQL: takes no writes, as a standby does', anError({ code: '25006' })],
    ['the certificate has expired', anError({ code: 'CERT_HAS_EXPIRED' })],
    ['the server does not encrypt', new Error('The server does not support SSL connections')],
    ['no socket', anError({ code: 'ENOENT', syscall: 'connect' })],
    ['no route', anError({ code: 'EHOSTUNREACH', syscall: 'connect' })],
    ['connection refused', anError({ code: 'ECONNREFUSED' })],
    ['the connection was reset', anError({ code: 'ECONNRESET' })],
    ['the connection ended', new Error('Connection terminated unexpectedly')],
    ['the query timed out', new Error('Query read timeout')],
    ['the connection attempt timed out', new Error('timeout exceeded when trying to connect')],
  ])('means that the same request may succeed later: %s', (_what, error) => {
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['SQLite: constraint', anError({ code: 'ERR_SQLITE_ERROR', errcode: 2067 })],
    ['SQLite: wrong statement', anError({ code: 'ERR_SQLITE_ERROR', errcode: 1 })],
    ['PostgreSQL: unique violation', anError({ code: '23505' })],
    ['PostgreSQL: undefined table', anError({ code: '42P01' })],
    ['a missing file', anError({ code: 'ENOENT', syscall: 'open' })],
    ['a bug', new TypeError('x is not a function')],
    ['a string', 'ECONNREFUSED'],
    ['undefined', undefined],
  ])('does not mean that the same request may succeed later: %s', (_what, error) => {
    expect(isUnavailable(error)).toBe(false);
  });

  it("lets the same statements run again after a deadlock, a serialization failure or another process's write", () => {
    const errors = [{ code: '40P01' }, { code: '40001' }, { code: 'ERR_SQLITE_ERROR', errcode: 5 }].map((each) =>
      anError(each),
    );
    expect(errors.map(isTransient)).toEqual([true, true, true]);
    expect([anError({ code: '23505' }), new Error(), undefined, null, '40P01'].map(isTransient)).toEqual(
      Array(5).fill(false),
    );
  });
});
