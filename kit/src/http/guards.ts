import type { Request, RequestHandler, Response } from 'express';
import { type AugmentedRequest, ipKeyGenerator, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import type { Claims, Tokens } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { clientAddress } from './client-address.ts';
import { readBody } from './read-body.ts';
import { type Access, type Limits, needsToken, type Route } from './route.ts';

/** The checks before a route's handler: rate limits, token, body. */
export function guards<C>(route: Route<C>, options: { tokens: Tokens; requireAuth: boolean }): RequestHandler[] {
  const { access, limits } = route;
  return [
    ...(limits ? [limitAddress(limits)] : []),
    checkToken(access, options),
    ...readBody(route),
    // a slow body may take so long that the token expires or is revoked meanwhile
    ...(route.body ? [checkToken(access, options)] : []),
    ...(limits ? [limitAccount(limits)] : []),
  ];
}

const limiting = {
  windowMs: 60_000,
  legacyHeaders: false,
  standardHeaders: 'draft-8',
  validate: false, // it logs warnings to the console about headers that any client can send
} as const;

function limitAddress({ perAddressMax }: Limits): RequestHandler {
  const handler: RequestHandler = () => {
    throw new AppError('too_many_requests', `Only ${perAddressMax} tries a minute; try again later`);
  };
  return rateLimit({
    ...limiting,
    limit: perAddressMax,
    keyGenerator: (request) => ipKeyGenerator(clientAddress(request) ?? 'gone'),
    handler,
  });
}

/** Limits failed tries per account across all addresses. Unknown accounts are limited too. */
function limitAccount({ perAccountMax, accountOf }: Limits): RequestHandler {
  const handler: RequestHandler = (request) => {
    const { resetTime } = (request as unknown as AugmentedRequest)['rateLimit'] as RateLimitInfo;
    const waitMs = resetTime ? resetTime.getTime() - Date.now() : limiting.windowMs;
    throw new AppError('too_many_requests', 'Too many failed tries for this account; try again later', {
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  };
  return rateLimit({
    ...limiting,
    standardHeaders: false, // limitAddress has set them
    limit: perAccountMax,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, { statusCode }) => statusCode !== 401,
    skip: ({ body }) => accountOf(body) === undefined,
    keyGenerator: ({ body }) => accountOf(body) ?? '',
    handler,
  });
}

type Locals = { caller?: Claims };

export function callerOf(response: Response): Claims | undefined {
  return (response.locals as Locals).caller;
}

function checkToken(access: Access, { tokens, requireAuth }: { tokens: Tokens; requireAuth: boolean }): RequestHandler {
  return async (request, response, next) => {
    if (needsToken(access, requireAuth)) {
      const token = bearerToken(request);
      if (!token) throw new AppError('unauthorized', 'A bearer token is required');
      const caller = await tokens.verify(token, request.get('Date'));
      if (!isAllowed(caller, access, request.params))
        throw new AppError('forbidden', 'This token does not allow this request');
      (response.locals as Locals).caller = caller;
      response.set('Cache-Control', 'no-store');
    }
    next();
  };
}

function isAllowed({ role, subject }: Claims, access: Exclude<Access, 'public'>, params: Request['params']): boolean {
  const { roles, owner } = access;
  return roles.includes(role) || (owner?.role === role && params[owner.param] === subject);
}

export function bearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.get('Authorization') ?? '')?.[1];
}
