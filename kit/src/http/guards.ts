import type { Request, RequestHandler, Response } from 'express';
import { type AugmentedRequest, ipKeyGenerator, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import type { Claims, Tokens } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { clientAddress } from './client-address.ts';
import { readBody } from './read-body.ts';
import { type Access, type AccountLimit, needsToken, type Route } from './route.ts';

type TokenOptions = { tokens: Tokens; requireAuth: boolean };

/** The checks before a route's handler: rate limits, token, body. */
export function guards<C>(route: Route<C>, options: TokenOptions & { context: C }): RequestHandler[] {
  const { access, limits } = route;
  return [
    ...(limits?.perAddressMax === undefined ? [] : [limitAddress(limits.perAddressMax)]),
    checkToken(access, options),
    ...readBody(route),
    // a slow body may take so long that the token expires or is revoked meanwhile
    ...(route.body ? [checkToken(access, options)] : []),
    ...(limits?.perAccount ? [limitAccount(limits.perAccount, options.context)] : []),
  ];
}

const limiting = {
  windowMs: 60_000,
  legacyHeaders: false,
  standardHeaders: 'draft-8',
  validate: false, // it logs warnings to the console about headers that any client can send
} as const;

/** The address that limits count: an IPv6 client may have a whole network. */
export function addressOf(request: Request): string {
  return ipKeyGenerator(clientAddress(request) ?? 'gone');
}

function limitAddress(perAddressMax: number): RequestHandler {
  const handler: RequestHandler = () => {
    throw new AppError('too_many_requests', `Only ${perAddressMax} tries a minute; try again later`);
  };
  return rateLimit({ ...limiting, limit: perAddressMax, keyGenerator: addressOf, handler });
}

/** Limits tries per account across all addresses. Unknown accounts are limited too. */
function limitAccount<C>(limit: AccountLimit<C>, context: C): RequestHandler {
  const { max, countsFailuresOnly, accountOf, isKnown } = limit;
  const sentence = countsFailuresOnly
    ? 'Too many failed tries for this account; try again later'
    : `Only ${max} tries a minute for this account; try again later`;
  const handler: RequestHandler = (request) => {
    const { resetTime } = (request as unknown as AugmentedRequest)['rateLimit'] as RateLimitInfo;
    const waitMs = resetTime ? resetTime.getTime() - Date.now() : limiting.windowMs;
    throw new AppError('too_many_requests', sentence, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  };
  const accountIn = ({ body }: Request, response: Response) => accountOf({ body, caller: callerOf(response) });
  return rateLimit({
    ...limiting,
    standardHeaders: false, // limitAddress has set them
    limit: max,
    skipSuccessfulRequests: countsFailuresOnly,
    requestWasSuccessful: (_request, { statusCode }) => statusCode !== 401,
    skip: (request, response) => accountIn(request, response) === undefined,
    keyGenerator: async (request, response) => {
      const account = accountIn(request, response) ?? '';
      const address = addressOf(request);
      const isKnownAddress = await isKnown(context, { account, address });
      (response.locals as Locals).isKnownAddress = isKnownAddress;
      return JSON.stringify(isKnownAddress ? [account, address] : [account]);
    },
    handler,
  });
}

type Locals = { caller?: Claims; isKnownAddress?: boolean };

export function callerOf(response: Response): Claims | undefined {
  return (response.locals as Locals).caller;
}

export function isFromKnownAddress(response: Response): boolean {
  return (response.locals as Locals).isKnownAddress ?? false;
}

function checkToken(access: Access, { tokens, requireAuth }: TokenOptions): RequestHandler {
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
