import { storableText } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { logIn } from '../commands/log-in.ts';
import { route } from './route.ts';

/** Long enough for any passphrase, short enough not to be work for nothing. */
const passwordMax = 1000;

const credentials = z
  .object({
    username: storableText({ max: 254 }).optional(),
    email: storableText({ max: 254 }).optional(),
    password: z.string().max(passwordMax),
  })
  .transform(({ username, email, password }, issues) => {
    const name = username || email;
    if (!name) issues.addIssue({ code: 'custom', path: ['username'], message: 'or email is required' });
    return { username: name ?? '', password };
  });

export const loginRoute = route({
  method: 'post',
  path: '/v1/auth/login',
  summary: 'Get an access token',
  tag: 'login',
  access: 'public',
  perMinuteMax: 10,
  body: credentials,
  bodyExample: { username: 'admin', password: 'correct horse battery staple' },
  responses: {
    200: {
      description: 'OK',
      body: z.object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int() }),
    },
    401: { description: 'Wrong username or password' },
  },
  handler: async (context, { body }) => ({ status: 200, body: await logIn(context, body) }),
});
