import type { Registry } from 'prom-client';
import type { Claims, Tokens } from '../auth/tokens.ts';
import type { CommonConfig } from '../process/config.ts';
import type { Logger } from '../process/logger.ts';
import type { Allowed } from './allowed-hosts.ts';
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
  config: CommonConfig & { corsOrigins?: string[] };
  /** Whether to check Host and Origin with REQUIRE_AUTH=true, too. */
  alwaysChecksHosts?: boolean;
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
  const { publicUrl, requireAuth, corsOrigins = [] } = config;
  const checksHosts = options.alwaysChecksHosts || !requireAuth;
  const stop = new AbortController();
  const base = publicUrl ?? '';
  let document: object | undefined;
  const routes: Route<C>[] = [
    ...options.routes,
    ...standardRoutes<C>({
      service,
      version: info.version,
      message: info.title,
      base,
      traits: options.traits ?? {},
      checks,
      registry,
      stopping: stop.signal,
      document: () => {
        document ??= openApiDocument(info, routes, { requireAuth, checksHosts, publicUrl });
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
    requireAuth,
    corsOrigins,
    allowed: checksHosts ? allowedBy(config) : undefined,
    trustedProxies: config.trustedProxies,
    base,
    stopping: stop.signal,
    pages: (app) => docsPage(app, base),
  });
  const { host, port, connectionsMax } = config;
  const onCrowd = warnSometimes(
    logger,
    `all ${connectionsMax} connections are in use, and further clients are answered 503; CONNECTIONS_MAX sets the limit`,
  );
  const listener = await listen(app, { host, port, connectionsMax, onCrowd });
  return {
    url: listener.url,
    beginStop: () => stop.abort(),
    close: async () => {
      stop.abort();
      await listener.close();
    },
  };
}

/** The names that a person has given to the service, and the pages that may call it. */
function allowedBy({ host, publicUrl, allowedHosts, corsOrigins = [] }: ServeOptions<never>['config']): Allowed {
  const isPublic = publicUrl === undefined ? [] : [new URL(publicUrl)];
  return {
    hosts: [...allowedHosts, host, ...isPublic.map(({ hostname }) => hostname)],
    origins: [...corsOrigins, ...isPublic.map(({ origin }) => origin)],
  };
}

const warnEveryMs = 60_000;

/** Under attack a line for each refusal would fill the disk. */
function warnSometimes(logger: Logger, sentence: string): () => void {
  let warnedMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - warnedMs < warnEveryMs) return;
    warnedMs = nowMs;
    logger.warn(sentence);
  };
}
