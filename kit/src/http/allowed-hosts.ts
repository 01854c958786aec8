import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

// Neither helmet nor cors can reject a request by its Host header.

/** Probes and scrapers may use any host name, and these routes show no secrets. */
const openToAnyone = new Set(['/health', '/livez', '/readyz', '/metrics']);

/**
 * Accepts only requests whose Host is in the list and whose Origin, if any, is this service. This stops DNS rebinding
 * (an attacker's host name that resolves to this machine) and cross-site posts from a browser.
 */
export function allowHosts(hosts: string[]): RequestHandler {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (request, _response, next) => {
    if (openToAnyone.has(request.path)) return next();
    const host = request.get('Host') ?? '';
    if (!allowed.has(nameOf(host))) {
      throw new AppError('forbidden', `The host name ${JSON.stringify(nameOf(host))} is not one of ALLOWED_HOSTS`);
    }
    const origin = request.get('Origin');
    if (origin !== undefined && !isOriginOf(origin, host)) {
      throw new AppError('forbidden', 'Web pages of another origin may not call this service');
    }
    next();
  };
}

/** `[::1]:3003` → `[::1]` */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
