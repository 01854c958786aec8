import type { z } from 'zod';
import type { Claims } from '../auth/tokens.ts';

/** `public` never needs a token. An open route needs one only with REQUIRE_AUTH; any other route always needs one. */
export type Access =
  | 'public'
  | {
      open: boolean;
      roles: readonly string[];
      /** Also permits this role if the path parameter equals the subject of the token. */
      owner?: { role: string; param: string };
    };

export function needsToken(access: Access, requireAuth: boolean): access is Exclude<Access, 'public'> {
  return access !== 'public' && (requireAuth || !access.open);
}

/** Rate limits against password guessing. Requests above a limit are answered 429. */
export type Limits<C> = {
  /** Requests a minute from one address. */
  perAddressMax?: number;
  perAccount?: AccountLimit<C>;
};

export type AccountLimit<C> = {
  /** Requests a minute for one account, from all addresses together. */
  max: number;
  /** Whether only failed requests (401) count for the account. */
  countsFailuresOnly: boolean;
  /** The account that a request counts for; undefined if for none. The body is not yet validated. */
  accountOf: (request: { body: unknown; caller: Claims | undefined }) => string | undefined;
  /**
   * Whether the account has been used from this address before. What comes from there is counted apart, so that others
   * cannot use up the limit of an owner.
   */
  isKnown: (context: C, from: AccountAddress) => Promise<boolean>;
};

/** `address`: of an IPv6 client, the network. */
export type AccountAddress = { account: string; address: string };

export type Reply = { status: number; body?: unknown; headers?: Record<string, string> };

export type RouteRequest<P, Q, H, B> = {
  params: P;
  query: Q;
  headers: H;
  body: B;
  /** The claims of the caller's token; undefined if the route needed no token. */
  caller: Claims | undefined;
  /** The client's address as the rate limits count it: of an IPv6 client, the network. */
  address: string;
  /** Whether the account of a limited route is known from this address. */
  isKnownAddress: boolean;
  /** Headers to pass on in calls to other services for this request. */
  passOn: Record<string, string>;
  /** Aborts when the client disconnects or the service stops. Handlers that wait must stop waiting. */
  signal: AbortSignal;
};

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;
type ObjectSchema = z.ZodObject;
type Schema = z.ZodType | undefined;

export type ResponseDoc = {
  description: string;
  body?: z.ZodType;
  /** `application/json` by default; a body of another type is text. */
  contentType?: string;
  headers?: z.ZodObject;
};

type RouteSpec<C, P extends Schema, Q extends Schema, H extends Schema, B extends Schema> = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** An OpenAPI path template: `/customers/{id}`. */
  path: string;
  summary: string;
  tag: string;
  access: Access;
  params?: P;
  query?: Q;
  /** Names in lower case. */
  headers?: H;
  body?: B;
  /** 100 KiB by default; limits both the compressed and the decompressed body. */
  bodyBytesMax?: number;
  bodyExample?: unknown;
  /** A missing body counts as an empty object. */
  bodyIsOptional?: boolean;
  limits?: Limits<C>;
  /** The answers specific to this route, by status. Its documentation also lists the answers common to all routes. */
  responses: Record<number, ResponseDoc>;
  handler: (context: C, request: RouteRequest<Output<P>, Output<Q>, Output<H>, Output<B>>) => Promise<Reply>;
};

export type Route<C> = RouteSpec<
  C,
  ObjectSchema | undefined,
  ObjectSchema | undefined,
  ObjectSchema | undefined,
  Schema
> & {
  handler: (context: C, request: never) => Promise<Reply>;
};

/** Returns the `route` function of a service. A route holds its schemas, docs, access rules and handler. */
export function defineRoute<C>() {
  return <
    P extends ObjectSchema | undefined = undefined,
    Q extends ObjectSchema | undefined = undefined,
    H extends ObjectSchema | undefined = undefined,
    B extends Schema = undefined,
  >(
    spec: RouteSpec<C, P, Q, H, B>,
  ) => spec as unknown as Route<C>;
}
