import { describe, expect, it } from 'vitest';
import { describeStrangers, isOtherPerson } from './strangers.ts';

const ana = { name: 'Ana', createdAt: '2026-01-01T10:00:00.000Z' };
const later = '2026-01-02T10:00:00.000Z';

describe('an id of the CRM', () => {
  it.each([
    ['the same record', {}, false],
    ['another name alone', { name: 'Anna' }, false],
    ['another time alone', { createdAt: later }, false],
    ['another name and another time', { name: 'Bob', createdAt: later }, true],
    ['another name, and a time of other precision', { name: 'Anna', createdAt: '2026-01-01T10:00:00.900Z' }, false],
    ['another name and no time', { name: 'Bob', createdAt: undefined }, false],
    ['no name and another time', { name: '', createdAt: later }, false],
  ])('with %s belongs to another person: %s', (_what, seen, isOther) => {
    expect(isOtherPerson(ana, { ...ana, ...seen })).toBe(isOther);
    if (isOther) return;
    expect(isOtherPerson({ ...ana, ...seen }, ana)).toBe(false);
  });

  it('that belongs to another person is named with both, and with what to do', () => {
    const stranger = { id: 4, was: ana, is: { name: 'Bob', createdAt: later } };
    expect(describeStrangers({ customers: [stranger] })).toBe(
      'the customer id 4 belongs to other people now (customer 4 was Ana, created 2026-01-01 10:00:00, and is Bob, created 2026-01-02 10:00:00 now). Was the CRM restored or begun anew? If they are new people, set a new SOURCE_NAME with a ledger of its own, and START_FROM, or the people who have a package get another; if they are the old ones, edited: "resume --accept"',
    );
    const many = [1, 2, 3, 4, 5, 6].map((id) => ({ ...stranger, id }));
    expect(describeStrangers({ customers: many })).toContain('the customer ids 1, 2, 3, 4, 5 and 1 more belong');
  });
});
