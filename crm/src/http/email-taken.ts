import { id, problem } from '@doorstep/kit/http/schemas.ts';

/** The answer to an email that another customer has. */
export const emailTaken = {
  409: {
    description: 'The email is taken',
    body: problem.extend({
      existing_id: id.optional().meta({ description: 'Who has it; not told to a customer' }),
    }),
    contentType: 'application/problem+json',
  },
};
