import { isIP } from 'node:net';
import type { Request } from 'express';

/**
 * The address of the client: of the connection, or as a trusted proxy gives it. Undefined if the connection is closed
 * already, or if the proxy gives something else.
 */
export function clientAddress(request: Request): string | undefined {
  // some gateways add the client's port, which changes with each connection
  const given = request.ip?.replace(/^([\d.]+):\d+$/, '$1').replace(/^\[(.*)\](:\d+)?$/, '$1');
  return given !== undefined && isIP(given) > 0 ? given : undefined;
}
