import { id, problem } from '@doorstep/kit/http/schemas.ts';

export const emailTaken = {
  409: {
    description: 'The email is taken',
    body: problem.extend({
      existing_id: id.optional().meta({ description: 'The customer that has the email; not shown to a customer' }),
    }),
    contentType: 'application/problem+json',
  },
};
