import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { Counter, Histogram, type Registry } from 'prom-client';
import { claimedRole } from '../auth/tokens.ts';
import type { Logger } from '../process/logger.ts';
import { clientAddress } from './client-address.ts';
import { bearerToken, callerOf } from './guards.ts';

/** What nginx writes where the client left before it was answered. */
const clientClosedRequest = 499;

/** Gives each request its id, its line in the log and its place in the metrics. */
export function observe(logger: Logger, registry: Registry): RequestHandler {
  const metrics = createRequestMetrics(registry);
  return (request, response, next) => {
    const startedAt = performance.now();
    const { method, path } = request; // a page's own router shortens the path
    const client = clientAddress(request); // a closed connection has none
    const given = request.get('X-Request-Id');
    const requestId = given && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
    response.set('X-Request-Id', requestId);
    response.on('close', () => {
      const status = response.writableFinished ? response.statusCode : clientClosedRequest;
      const ms = performance.now() - startedAt;
      metrics.observe(method, routeTemplate(request.route?.path), status, ms / 1000);
      const line = `${method} ${path} ${status} in ${Math.round(ms)} ms`;
      logger.log(lineLevel(status, request, response), line, { requestId, client, status, ms });
    });
    next();
  };
}

/** The two series that dashboards of the earlier systems read; `route` is a template, never a path. */
function createRequestMetrics(registry: Registry) {
  const count = new Counter({
    name: 'request_count',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const latency = new Histogram({
    name: 'request_latency_seconds',
    help: 'Time until an HTTP request was answered',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return {
    observe(method: string, route: string, status: number, seconds: number) {
      count.inc({ method, route, status });
      latency.observe({ method, route, status }, seconds);
    },
  };
}

function routeTemplate(path: unknown): string {
  return typeof path === 'string' ? path.replace(/:(\w+)/g, '{$1}') : 'none';
}

/** Successful reads, and calls between the services, would bury the lines that a person looks for. */
function lineLevel(status: number, request: Request, response: Response): string {
  if (status >= 500) return 'error';
  if (status >= 400) return 'info';
  const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  return isRead || isFromService(request, response) ? 'debug' : 'info';
}

function isFromService(request: Request, response: Response): boolean {
  const caller = callerOf(response);
  if (caller) return caller.role === 'service';
  // without REQUIRE_AUTH no token is verified; a forged one hides a line from a log that holds nothing back
  const token = bearerToken(request);
  return token !== undefined && claimedRole(token) === 'service';
}
