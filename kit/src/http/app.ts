import type { RequestListener } from 'node:http';
import { parse as parseQueryText } from 'node:querystring';
import cors from 'cors';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { Registry } from 'prom-client';
import type { Claims, Tokens } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import { type Allowed, allowHosts } from './allowed-hosts.ts';
import { addressOf, callerOf, guards, isFromKnownAddress } from './guards.ts';
import { observe } from './observe.ts';
import { problemHandler, sendProblem } from './problems.ts';
import { refuseMethod } from './refuse-method.ts';
import type { Reply, Route } from './route.ts';
import { parse, parseBody, parseQuery } from './validate.ts';

export type AppOptions<C> = {
  routes: Route<C>[];
  context: C;
  /** The context of a handler whose caller has shown a token, if it is another one. */
  actingAs?: ((caller: Claims) => C) | undefined;
  logger: Logger;
  registry: Registry;
  tokens: Tokens;
  requireAuth: boolean;
  corsOrigins: string[];
  /** Undefined accepts any host and any origin. */
  allowed: Allowed | undefined;
  /** Proxies whose X-Forwarded headers are believed. */
  trustedProxies: string[];
  /** Before the path of an address that an answer gives; empty if clients reach the service directly. */
  base: string;
  /** Aborts when the service begins to stop. */
  stopping: AbortSignal;
  /** Adds pages for browsers, which are not in the route table. */
  pages: (app: Express) => void;
};

const exposedHeaders = [
  'Link',
  'Location',
  'ETag',
  'X-Request-Id',
  'Retry-After',
  'Preference-Applied',
  'Idempotent-Replayed',
];

/** Builds the Express application of a service from its route table. */
export function createApp<C>(options: AppOptions<C>): RequestListener {
  const { logger, registry, corsOrigins, allowed, trustedProxies, base, stopping, pages } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', trustedProxies);
  // by default Node ignores the parameters after the thousandth
  app.set('query parser', (text: string) => parseQueryText(text, '&', '=', { maxKeys: 0 }));
  app.use(observe(logger, registry));
  app.use(closeWhenStopping(stopping));
  app.use(requireHost);
  app.use(helmet({ hsts: false, contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  // a page of a configured origin can read why its request is rejected
  if (corsOrigins.length > 0) app.use(allowOrigins(corsOrigins));
  if (allowed) app.use(allowHosts(allowed));
  for (const [path, routes] of byPath(options.routes)) {
    const entry = app.route(path.replace(/\{(\w+)\}/g, ':$1'));
    for (const route of routes) entry[route.method](...guards(route, options), answer(route, options));
    entry.all(refuseMethod(routes.flatMap(methodsOf)));
  }
  pages(app);
  app.use((request) => {
    throw new AppError('not_found', `There is no route ${request.path}; GET ${base}/docs lists the routes`);
  });
  app.use(problemHandler(logger));
  // Express calls no handler if it cannot parse the request target
  return (request, response) => {
    app(request as Request, response as Response, () => {
      sendProblem(response as Response, { status: 400, detail: 'The request target is not valid' });
    });
  };
}

/** The route answers an OPTIONS request that is not a preflight, and lists its methods. */
function allowOrigins(origin: string[]): RequestHandler {
  const handle = cors({ origin, exposedHeaders });
  return (request, response, next) => {
    const isPreflight = request.get('Access-Control-Request-Method') !== undefined;
    if (request.method === 'OPTIONS' && !isPreflight) next();
    else handle(request, response, next);
  };
}

/** Paths without parameters come first, so `/customers/integration` does not match `/customers/{id}`. */
function byPath<C>(routes: Route<C>[]): [string, Route<C>[]][] {
  const hasParameter = ([path]: [string, unknown]) => Number(path.includes('{'));
  return [...Map.groupBy(routes, ({ path }) => path)].sort((a, b) => hasParameter(a) - hasParameter(b));
}

function methodsOf<C>({ method }: Route<C>): string[] {
  return method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
}

function closeWhenStopping(stopping: AbortSignal): RequestHandler {
  return (_request, response, next) => {
    if (stopping.aborted) response.set('Connection', 'close');
    next();
  };
}

const hostForm = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]\\]*)(:\d*)?$/i;

/** RFC 9112, 3.2. Node takes the first of several, and its own check for a missing one answers without a body. */
const requireHost: RequestHandler = (request, _response, next) => {
  const { httpVersion, headers, headersDistinct } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    throw new AppError('invalid', 'The request must use HTTP/1.1 or HTTP/1.0');
  if (httpVersion === '1.1' && headers.host === undefined) throw new AppError('invalid', 'The header Host is missing');
  if ((headersDistinct['host'] ?? []).length > 1)
    throw new AppError('invalid', 'The header Host occurs more than once');
  if (!hostForm.test(headers.host ?? ''))
    throw new AppError('invalid', 'The header Host must be a host name, and may have a port');
  next();
};

function answer<C>(route: Route<C>, { context, actingAs, base, stopping }: AppOptions<C>): RequestHandler {
  return async (request, response) => {
    // the client may have left while its body was read
    if (request.socket.destroyed) return;
    const caller = callerOf(response);
    const reply = await route.handler((caller && actingAs?.(caller)) ?? context, {
      params: route.params && parse(route.params, request.params),
      query: parseQuery(route.query, request.query),
      headers: route.headers && parse(route.headers, request.headers),
      body: route.body && parseBody(route.body, request.body),
      caller,
      isKnownAddress: isFromKnownAddress(response),
      get address() {
        return addressOf(request);
      },
      passOn: toPassOn(request, response),
      get signal() {
        return AbortSignal.any([closed(response), stopping]);
      },
    } as never);
    send(response, base === '' ? reply : withBase(reply, base));
  };
}

/** Headers that link the calls of several services (`traceparent`: W3C Trace Context). */
function toPassOn(request: Request, response: Response): Record<string, string> {
  const given = request.get('traceparent');
  // another service might reject a call with an overlong header
  const traceparent = given && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(given) ? given : undefined;
  return { 'X-Request-Id': String(response.getHeader('X-Request-Id')), ...(traceparent && { traceparent }) };
}

function endWith(response: Response, text: string): void {
  response.set('Content-Length', String(Buffer.byteLength(text))).end(text);
}

function closed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  return controller.signal;
}

/** Handlers give the address of a thing as a path: `/things/1` in Location, `</things?after=1>; rel="next"` in Link. */
function withBase({ headers, ...reply }: Reply, base: string): Reply {
  const entries = Object.entries(headers ?? {}).map(([name, value]) => {
    const isAddress = name === 'Location' || name === 'Link';
    return [name, isAddress ? value.replace(/^<?(?=\/)/, (before) => before + base) : value];
  });
  return { ...reply, headers: Object.fromEntries(entries) };
}

function send(response: Response, { status, body, headers }: Reply): void {
  response.status(status).set(headers ?? {});
  // not `response.send`, which answers 304 to `If-None-Match: *`
  if (body === undefined) response.end();
  else if (typeof body === 'string') endWith(response, body);
  else endWith(response.type('json'), JSON.stringify(body));
}
