import { type Express, Router } from 'express';
import type { Registry } from 'prom-client';
import swaggerUi from 'swagger-ui-express';
import { z } from 'zod';
import { notTooOften } from './not-too-often.ts';
import { refuseMethod } from './refuse-method.ts';
import { defineRoute, type Route } from './route.ts';

export type Checks = Record<string, () => Promise<void>>;

type StandardOptions = {
  /** `crm-service`, … */
  service: string;
  version: string;
  message: string;
  /** Before the path of an address; empty if clients reach the service directly. */
  base: string;
  /** What else `GET /` says of the service; a word each. */
  traits: Record<string, string>;
  checks: Checks;
  registry: Registry;
  stopping: AbortSignal;
  /** The OpenAPI document; asked for when it is first read. */
  document: () => object;
};

const metricsOf = notTooOften((registry: Registry) => registry.metrics());

const health = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    service: z.string(),
    version: z.string(),
    checks: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Health' });

/** What every service answers besides its own routes: who it is, how it is, and its metrics. */
export function standardRoutes<C>({
  service,
  version,
  message,
  base,
  traits,
  checks,
  registry,
  stopping,
  document,
}: StandardOptions): Route<C>[] {
  const route = defineRoute<C>();
  const report = async (extra: Record<string, string> = {}) => {
    const results = { ...(await runChecks(checks)), ...extra };
    const healthy = Object.values(results).every((result) => result === 'ok');
    const body = { status: healthy ? 'healthy' : 'unhealthy', service, version, checks: results };
    return healthy ? { status: 200, body } : { status: 503, body, headers: { 'Retry-After': '5' } };
  };
  const traitFields = Object.fromEntries(Object.entries(traits).map(([name, word]) => [name, z.literal(word)]));
  const get = { method: 'get', tag: 'operations', access: 'public' } as const;
  const healthResponses = {
    200: { description: 'It is well', body: health },
    503: { description: 'It is not; `checks` says why', body: health },
  };
  return [
    route({
      ...get,
      path: '/',
      summary: 'What this is',
      responses: {
        200: {
          description: 'OK',
          body: z.object({ message: z.string(), version: z.string(), docs: z.string(), ...traitFields }),
        },
      },
      handler: async () => ({ status: 200, body: { message, version, docs: `${base}/docs`, ...traits } }),
    }),
    route({
      ...get,
      path: '/health',
      summary: 'Health with every check',
      responses: healthResponses,
      handler: () => report(),
    }),
    route({
      ...get,
      path: '/readyz',
      summary: 'Whether to send requests here',
      responses: healthResponses,
      handler: () => report({ shutdown: stopping.aborted ? 'begun' : 'ok' }),
    }),
    route({
      ...get,
      path: '/livez',
      summary: 'Whether the process answers',
      responses: { 200: { description: 'It does', body: health } },
      handler: async () => ({ status: 200, body: { status: 'healthy', service, version, checks: {} } }),
    }),
    route({
      ...get,
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      responses: { 200: { description: 'OK', contentType: 'text/plain', body: z.string() } },
      handler: async () => ({
        status: 200,
        body: await metricsOf(registry),
        headers: { 'Content-Type': registry.contentType },
      }),
    }),
    route({
      ...get,
      path: '/openapi.json',
      summary: 'This document',
      responses: { 200: { description: 'OK', body: z.record(z.string(), z.unknown()) } },
      handler: async () => ({ status: 200, body: document() }),
    }),
  ];
}

const pageFiles = new Set([
  '/',
  '/swagger-ui.css',
  '/swagger-ui-bundle.js',
  '/swagger-ui-standalone-preset.js',
  '/swagger-ui-init.js',
  '/favicon-32x32.png',
  '/favicon-16x16.png',
]);

/** The docs page, its own files included; the older systems' addresses lead to it. */
export function docsPage(app: Express, base: string): void {
  const address = `${base}/docs/`;
  app.get(['/api/docs', '/apidocs'], (_request, response) => response.redirect(address));
  // the package's own redirect does not know the base
  app.get('/docs', ({ path }, response, next) => (path.endsWith('/') ? next() : response.redirect(301, address)));
  const page = Router();
  // the package that brings them has other files too, and answers for some in a way of its own
  page.use(({ method, path }, _response, next) => {
    next((method === 'GET' || method === 'HEAD') && pageFiles.has(path) ? undefined : 'router');
  });
  page.use(swaggerUi.serve);
  app.use('/docs', page);
  // relative to the page, so it is found wherever the page is, behind a proxy or not
  app.get('/docs/', swaggerUi.setup(undefined, { swaggerOptions: { url: '../openapi.json' } }));
  app.all(['/docs', '/api/docs', '/apidocs'], refuseMethod(['GET', 'HEAD']));
}

async function runChecks(checks: Checks): Promise<Record<string, string>> {
  const run = async ([name, check]: [string, () => Promise<void>]) => {
    try {
      await check();
      return [name, 'ok'];
    } catch {
      return [name, 'failing'];
    }
  };
  return Object.fromEntries(await Promise.all(Object.entries(checks).map(run)));
}
