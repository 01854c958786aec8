import { describe, expect, it } from 'vitest';
import { createTokens } from '../auth/tokens.ts';
import { describeAnswer } from './describe.ts';

const settings = { token: 'CRM_TOKEN', url: 'CRM_SERVICE_URL' };
const data = { error: 'missing X-Api-Key' };
const serviceToken = createTokens('k'.repeat(32)).sign({ subject: 'middleware', role: 'service' }, 60);

describe('an error answer', () => {
  it.each([
    [401, 'CRM answered 401: missing X-Api-Key; check CRM_TOKEN'],
    [403, 'CRM answered 403: missing X-Api-Key; check CRM_TOKEN'],
    [404, 'CRM answered 404: missing X-Api-Key; is CRM_SERVICE_URL right?'],
    [302, 'CRM answered 302: missing X-Api-Key; is CRM_SERVICE_URL right?'],
    [422, 'CRM answered 422: missing X-Api-Key'],
    [503, 'CRM answered 503: missing X-Api-Key'],
  ])('is described by its own words and a hint: %i', (status, sentence) => {
    expect(describeAnswer('CRM', { status, data, sentToken: 'a-foreign-token' }, settings)).toBe(sentence);
  });

  it('names what may be set if no token is configured', async () => {
    expect(describeAnswer('CRM', { status: 401, data, sentToken: await serviceToken }, settings)).toBe(
      'CRM answered 401: missing X-Api-Key; set CRM_TOKEN, or the same JWT_SECRET_KEY on both sides',
    );
    expect(describeAnswer('CRM', { status: 401, data: '' }, { url: 'CRM_SERVICE_URL' })).toBe(
      'CRM answered 401; set the same JWT_SECRET_KEY on both sides',
    );
  });

  it.each([
    [401, "this machine's clock is 310 s ahead of the caller's", { clock_difference_seconds: 310 }],
    [403, 'The host name "crm.lan" is not one of ALLOWED_HOSTS', { refused_host: 'crm.lan' }],
  ])('gives no hint about tokens if only the clocks or the host name differ: %i', async (status, detail, member) => {
    const answer = { status, data: { detail, ...member }, sentToken: await serviceToken };

    expect(describeAnswer('CRM', answer, settings)).toBe(`CRM answered ${status}: ${detail}`);
  });

  it('does not show the token that was sent', () => {
    const answer = { status: 422, data: 'you sent a-foreign-token', sentToken: 'a-foreign-token' };

    expect(describeAnswer('CRM', answer, settings)).toBe('CRM answered 422: you sent …');
  });
});
