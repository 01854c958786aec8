import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import cors from 'cors';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { Registry } from 'prom-client';
import type { Claims, Tokens } from '../auth.ts';
import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createRequestMetrics } from '../metrics.ts';
import { problemHandler, sendProblem } from './problems.ts';
import type { Access, Route } from './route.ts';
import { parse, parseBody } from './validate.ts';

export type AppOptions<C> = {
  routes: Route<C>[];
  context: C;
  logger: Logger;
  registry: Registry;
  tokens: Tokens;
  requireAuth: boolean;
  corsOrigins: string[];
  /** Aborts when the service begins to stop. */
  stopping: AbortSignal;
  /** Adds what is made for a browser and stands in no route table. */
  pages: (app: Express) => void;
};

/** Builds the Express application of a service from its route table. */
export function createApp<C>(options: AppOptions<C>): Express {
  const { logger, registry, corsOrigins, stopping, pages } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(observe(logger, registry, stopping));
  app.use(helmet({ hsts: false, contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  if (corsOrigins.length > 0)
    app.use(cors({ origin: corsOrigins, exposedHeaders: ['Link', 'Location', 'X-Request-Id'] }));
  for (const route of options.routes) {
    const steps = [...limit(route), guard(route.access, options), ...readBody(route), answer(route, options)];
    app[route.method](expressPath(route.path), ...steps);
  }
  for (const [path, methods] of methodsByPath(options.routes)) app.all(expressPath(path), refuseMethod(methods));
  pages(app);
  app.use((request) => {
    throw new AppError('not_found', `There is no ${request.path} here; GET /docs shows what there is`);
  });
  app.use(problemHandler(logger));
  return app;
}

function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** Gives each request its id, its line in the log and its place in the metrics. */
function observe(logger: Logger, registry: Registry, stopping: AbortSignal): RequestHandler {
  const metrics = createRequestMetrics(registry);
  return (request, response, next) => {
    const startedAt = performance.now();
    const given = request.get('X-Request-Id');
    const requestId = given && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
    response.set('X-Request-Id', requestId);
    if (stopping.aborted) response.set('Connection', 'close');
    response.on('finish', () => {
      const { method, route, path } = request;
      const status = response.statusCode;
      const ms = performance.now() - startedAt;
      metrics.observe(method, routeTemplate(route?.path), status, ms / 1000);
      logger.log(lineLevel(method, status), `${method} ${path} ${status} in ${Math.round(ms)} ms`, {
        requestId,
        status,
        ms,
      });
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

function limit<C>({ perMinuteMax }: Route<C>): RequestHandler[] {
  if (!perMinuteMax) return [];
  const handler: RequestHandler = () => {
    throw new AppError('too_many_requests', `Only ${perMinuteMax} tries a minute; try again later`);
  };
  return [
    rateLimit({ windowMs: 60_000, limit: perMinuteMax, legacyHeaders: false, standardHeaders: 'draft-8', handler }),
  ];
}

type Locals = { caller?: Claims };

function guard<C>(access: Access, { tokens, requireAuth }: AppOptions<C>): RequestHandler {
  return async (request, response, next) => {
    if (access !== 'public' && (requireAuth || !access.open)) {
      const caller = await tokens.verify(bearerToken(request));
      if (caller.role !== 'admin' && !access.roles.includes(caller.role)) {
        throw new AppError('forbidden', 'This token may not do that');
      }
      (response.locals as Locals).caller = caller;
    }
    next();
  };
}

function bearerToken(request: Request): string {
  const token = /^Bearer +(\S+)$/i.exec(request.get('Authorization') ?? '')?.[1];
  if (!token) throw new AppError('unauthorized', 'A bearer token is needed');
  return token;
}

const isJson = ['application/json', 'application/*+json'];

function readBody<C>(route: Route<C>): RequestHandler[] {
  if (!route.body) return [];
  const refuseOtherTypes: RequestHandler = (request, response, next) => {
    // `is` gives null where there is no body at all: then the fields are what is missing, not the type.
    if (request.is(isJson) !== false) return next();
    sendProblem(response, {
      status: 415,
      detail: 'The request body must be JSON, with Content-Type: application/json',
    });
  };
  const read = express.json({
    limit: route.bodyLimit ?? '100kb',
    type: isJson,
    strict: false,
    verify: (_request, _response, bytes) => {
      if (!isUtf8(bytes)) throw new AppError('invalid', 'The request body is not valid UTF-8');
    },
  });
  return [refuseOtherTypes, read];
}

function answer<C>(route: Route<C>, { context, stopping }: AppOptions<C>): RequestHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const reply = await route.handler(context, {
      params: route.params && parse(route.params, request.params),
      query: route.query && parse(route.query, request.query),
      headers: route.headers && parse(route.headers, request.headers),
      body: route.body && parseBody(route.body, request.body),
      requestId: String(response.getHeader('X-Request-Id')),
      caller: (response.locals as Locals).caller,
      signal: AbortSignal.any([gone.signal, stopping]),
    } as never);
    send(response, reply);
  };
}

function send(response: Response, { status, body: payload, headers }: Awaited<ReturnType<Route<unknown>['handler']>>) {
  response.status(status).set(headers ?? {});
  if (payload === undefined) response.end();
  else if (typeof payload === 'string') response.send(payload);
  else response.json(payload);
}

function methodsByPath<C>(routes: Route<C>[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) {
    const known = methods.get(path) ?? ['OPTIONS'];
    methods.set(path, [...known, method.toUpperCase(), ...(method === 'get' ? ['HEAD'] : [])]);
  }
  return methods;
}

function refuseMethod(methods: string[]): RequestHandler {
  const Allow = methods.sort().join(', ');
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.status(204).set({ Allow }).end();
      return;
    }
    sendProblem(response, {
      status: 405,
      detail: `${request.method} is not possible here, only ${Allow}`,
      headers: { Allow },
    });
  };
}
