import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../errors.ts';

// Neither helmet nor cors can reject a request by its Host header.

/** Probes and scrapers may use any host name, and these routes show no secrets. */
export function isOpenToAnyone(path: string): boolean {
  return ['/health', '/livez', '/readyz', '/metrics'].includes(path);
}

export type Allowed = {
  /** Host names, without a port. Numeric addresses are always allowed: an attacker cannot redirect them. */
  hosts: string[];
  /** Origins of web pages that may call the service, besides the service's own. */
  origins: string[];
};

/**
 * Accepts only requests whose Host is allowed and whose Origin, if any, is allowed or this service. This stops DNS
 * rebinding (an attacker's host name that resolves to this machine) and cross-site posts from a browser.
 */
export function allowHosts({ hosts, origins }: Allowed): RequestHandler {
  const names = new Set(hosts.map((host) => domainToASCII(host) || host.toLowerCase()));
  return (request, _response, next) => {
    if (isOpenToAnyone(request.path)) return next();
    const asked = hostsOf(request);
    const refused = asked.map(nameOf).find((name) => !names.has(name) && !isNumeric(name));
    if (refused !== undefined) {
      throw new AppError('forbidden', `The host name ${JSON.stringify(refused)} is not one of ALLOWED_HOSTS`, {
        members: { refused_host: refused },
      });
    }
    const origin = request.get('Origin');
    if (origin !== undefined && !origins.includes(origin) && !asked.some((host) => isOriginOf(origin, host))) {
      throw new AppError('forbidden', 'Web pages of another origin may not call this service');
    }
    next();
  };
}

/** The host of the request, and the host that its client has asked a trusted proxy for. */
function hostsOf(request: Request): string[] {
  const host = request.get('Host') ?? '';
  return [...new Set([host, request.host ?? host])];
}

/** `[::1]:3003` → `[::1]` */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function isNumeric(name: string): boolean {
  return isIPv4(name) || (/^\[.*\]$/.test(name) && isIPv6(name.slice(1, -1)));
}

/** Whatever the scheme, because a proxy may end TLS. A default port may be written or not. */
function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === page.host;
}
