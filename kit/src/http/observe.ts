import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import type { Logger } from '../process/logger.ts';
import { createRequestMetrics } from '../process/metrics.ts';

/** What nginx writes where the client left before it was answered. */
const clientClosedRequest = 499;

/** Gives each request its id, its line in the log and its place in the metrics. */
export function observe(logger: Logger, registry: Registry): RequestHandler {
  const metrics = createRequestMetrics(registry);
  return (request, response, next) => {
    const startedAt = performance.now();
    const { method, path } = request; // a page's own router shortens the path
    const given = request.get('X-Request-Id');
    const requestId = given && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
    response.set('X-Request-Id', requestId);
    response.on('close', () => {
      const status = response.writableFinished ? response.statusCode : clientClosedRequest;
      const ms = performance.now() - startedAt;
      metrics.observe(method, routeTemplate(request.route?.path), status, ms / 1000);
      const line = `${method} ${path} ${status} in ${Math.round(ms)} ms`;
      logger.log(lineLevel(method, status), line, { requestId, status, ms });
    });
    next();
  };
}

function routeTemplate(path: unknown): string {
  return typeof path === 'string' ? path.replace(/:(\w+)/g, '{$1}') : 'none';
}

/** Reads that went well are too many to show: the middleware alone asks every five seconds. */
function lineLevel(method: string, status: number): string {
  if (status >= 500) return 'error';
  const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  return status < 400 && isRead ? 'debug' : 'info';
}
