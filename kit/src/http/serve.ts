import type { Registry } from 'prom-client';
import type { Claims, Tokens } from '../auth/tokens.ts';
import type { CommonConfig } from '../process/config.ts';
import type { Logger } from '../process/logger.ts';
import { createApp } from './app.ts';
import { type Listener, listen } from './listen.ts';
import { type ApiInfo, openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { type Checks, docsPage, standardRoutes } from './standard-routes.ts';

type ServeOptions<C> = {
  /** `crm-service`, … */
  service: string;
  info: ApiInfo;
  /** What else `GET /` says of the service; a word each. */
  traits?: Record<string, string>;
  config: CommonConfig & { corsOrigins?: string[]; allowedHosts?: string[]; trustedProxies?: string[] };
  context: C;
  /** The context of a handler whose caller has shown a token, if it is another one. */
  actingAs?: (caller: Claims) => C;
  routes: Route<C>[];
  checks: Checks;
  logger: Logger;
  registry: Registry;
  tokens: Tokens;
};

type Served = Listener & {
  /** Fails `/readyz` and ends every wait. Call it to stop other work before the listener closes. */
  beginStop(): void;
};

/**
 * Serves a route table together with health, metrics and docs.
 * `close` first fails `/readyz` and ends every wait, then finishes the requests under way.
 */
export async function serve<C>(options: ServeOptions<C>): Promise<Served> {
  const { service, info, config, context, actingAs, checks, logger, registry, tokens } = options;
  const stop = new AbortController();
  let document: object | undefined;
  const routes: Route<C>[] = [
    ...options.routes,
    ...standardRoutes<C>({
      service,
      version: info.version,
      message: info.title,
      traits: options.traits ?? {},
      checks,
      registry,
      stopping: stop.signal,
      document: () => {
        document ??= openApiDocument(info, routes, config.requireAuth);
        return document;
      },
    }),
  ];
  const app = createApp({
    routes,
    context,
    actingAs,
    logger,
    registry,
    tokens,
    requireAuth: config.requireAuth,
    corsOrigins: config.corsOrigins ?? [],
    allowedHosts: config.allowedHosts,
    trustedProxies: config.trustedProxies ?? [],
    stopping: stop.signal,
    pages: docsPage,
  });
  const listener = await listen(app, config.host, config.port);
  return {
    url: listener.url,
    beginStop: () => stop.abort(),
    close: async () => {
      stop.abort();
      await listener.close();
    },
  };
}
