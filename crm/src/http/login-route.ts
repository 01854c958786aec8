import { storableText } from '@doorstep/kit/http/schemas.ts';
import { emailKey } from '@doorstep/kit/text/fold.ts';
import { z } from 'zod';
import { logIn } from '../commands/log-in.ts';
import { rememberAddress } from '../commands/remember-address.ts';
import { loginNameMax, passwordMax } from '../customer.ts';
import { isKnownAddress } from '../queries/is-known-address.ts';
import { access } from './access.ts';
import { tooManyPasswords, turnOf } from './password-turn.ts';
import { route } from './route.ts';

const loginName = storableText({ max: loginNameMax })
  .optional()
  .meta({ override: { minLength: 1 } });

const credentials = z
  .object({
    username: loginName,
    email: loginName,
    password: storableText({ max: passwordMax }),
  })
  .transform(({ username, email, password }, issues) => {
    const name = username || email;
    if (!name) issues.addIssue({ code: 'custom', path: ['username'], message: 'or email is required' });
    return { username: name?.trim() ?? '', password };
  })
  .meta({
    // whole alternatives, because client generators take one without a type for anything
    override: ({ jsonSchema }) => {
      const { properties = {} } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.anyOf = ['username', 'email'].map((name) => ({
        type: 'object',
        properties,
        required: [name, 'password'],
      }));
    },
  });

export const loginRoute = route({
  method: 'post',
  path: '/v1/auth/login',
  summary: 'Get an access token, as the admin or as a customer with a password',
  tag: 'login',
  access: access['POST /v1/auth/login'],
  limits: {
    perAddressMax: 10,
    perAccount: {
      max: 10,
      countsFailuresOnly: true,
      accountOf: ({ body }) => accountIn(body),
      isKnown: isKnownAddress,
    },
  },
  body: credentials,
  bodyExample: { username: 'admin', password: 'correct horse battery staple' },
  responses: {
    200: {
      description: 'OK',
      body: z.object({
        access_token: z.string().meta({ example: 'eyJ…' }),
        token_type: z.literal('Bearer'),
        expires_in: z.int().meta({ description: 'Seconds', example: 3600 }),
      }),
    },
    401: { description: 'Wrong username or password' },
    ...tooManyPasswords,
  },
  handler: async (context, request) => {
    const { body, address } = request;
    const answer = await logIn(context, body, turnOf(request));
    await rememberAddress(context, { account: emailKey(body.username), address });
    // RFC 6749, 5.1: no cache may keep a token
    return { status: 200, body: answer, headers: { 'Cache-Control': 'no-store' } };
  },
});

/** The account that a login attempt counts against, in the form in which the look-up finds it. */
function accountIn(body: unknown): string | undefined {
  const { username, email } = (body ?? {}) as { username?: unknown; email?: unknown };
  const name = username || email;
  // a longer name is rejected anyway, and folding it could take seconds
  return typeof name === 'string' && name.length <= loginNameMax ? emailKey(name.trim()) : undefined;
}
