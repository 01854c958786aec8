import { databases } from '@doorstep/kit/test/databases.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../src/customer.ts';
import { type CrmWithAdmin, startCrmWithAdmin } from './an-admin.ts';

const names = [
  'José García',
  'İbrahim Yılmaz',
  'IŞIK',
  'Ann\u00a0Example',
  'Ｆｕｌｌ　Ｗｉｄｔｈ',
  'Jürgen Weiß',
  'O’Brien',
  'Łukasz Øl',
  'ΟΔΥΣΣΕΥΣ',
  'می\u200cخواهم',
];

describe.each(databases)('a search for customers on %s', (kind) => {
  let crm: CrmWithAdmin;
  beforeAll(async () => {
    crm = await startCrmWithAdmin(kind);
    for (const name of names) await crm.addAccount({ name });
  });
  afterAll(() => crm[Symbol.asyncDispose]());

  const namesOf = async (query: string): Promise<string[]> => {
    const { body } = await crm.admin(`GET /v1/customers?${query}`);
    return body.items.map(({ name }: Account) => name);
  };

  it.each([
    ['garcia', 'José García'],
    ['JOSE  GARCI\u0301A', 'José García'],
    ['ibrahim', 'İbrahim Yılmaz'],
    ['YILMAZ', 'İbrahim Yılmaz'],
    ['işık', 'IŞIK'],
    ['ann example', 'Ann\u00a0Example'],
    ['ann\u2003example', 'Ann\u00a0Example'],
    ['full width', 'Ｆｕｌｌ　Ｗｉｄｔｈ'],
    ['ＷＥＩＳＳ', 'Jürgen Weiß'],
    ['WEIẞ', 'Jürgen Weiß'],
    ["o'brien", 'O’Brien'],
    ['lukasz ol', 'Łukasz Øl'],
    ['οδυσσευς', 'ΟΔΥΣΣΕΥΣ'],
    ['میخواهم', 'می\u200cخواهم'],
    ['gar\u00adcia\u200b', 'José García'],
  ])('by %j finds %j', async (search, name) => {
    expect(await namesOf(`search=${encodeURIComponent(search)}`)).toEqual([name]);
  });
});

describe.each(databases)('a list of customers by name on %s', (kind) => {
  it('has letters with accents beside those without', async () => {
    await using crm = await startCrmWithAdmin(kind);
    const sorted = ['Adam', 'Ärger', 'Arzt', 'Örtel', 'Oslo', 'Øystein', 'Şahin', 'Sand', 'Zoe'];
    for (const name of sorted.toReversed()) await crm.addAccount({ name });

    const { body } = await crm.admin('GET /v1/customers?sort=name');
    expect(body.items.map(({ name }: Account) => name)).toEqual(sorted);
  });
});
