import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

// helmet sets headers of answers and cors those for other origins; neither refuses a Host.

/** Probes and scrapers come under any name, and what they read is no secret. */
const openToAnyone = new Set(['/health', '/livez', '/readyz', '/metrics']);

/**
 * Answers only requests that name one of the hosts, and come from no web page or from one of this very origin. A name
 * that an attacker points at this machine (DNS rebinding) gets no further, nor does a page elsewhere that makes a
 * browser post here.
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
      throw new AppError('forbidden', 'Web pages of another origin may not call this');
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
