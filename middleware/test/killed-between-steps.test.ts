import { databases } from '@doorstep/kit/test/databases.ts';
import { describe, expect, it } from 'vitest';
import { killAtEach, killTwice, type Settings } from './kill-daemons.ts';

const around = (name: string, nth = 1) => [`before ${name} ${nth}`, `after ${name} ${nth}`];
const stored = (name: string, nth = 1) => [...around(`write of ${name}`, nth), `inside write of ${name} ${nth}`];
const steps = [
  ...around('source.fetchPage'),
  ...stored('record.ts'),
  ...stored('take-up.ts'), // frees the claims of a killed daemon
  ...stored('take-up.ts', 2), // claims
  ...stored('storeAll'), // stores the outcomes
  ...around('source.report'),
  ...stored('report.ts'),
];

describe.each(databases)('a daemon that is killed with SIGKILL, its ledger on %s,', (kind) => {
  const settings = { kind, takesGroups: false, customers: 2 };

  it.concurrent('delivers one package to each customer after a restart, wherever it was killed', async () => {
    const answers = ['GET /customers', 'POST /packages', 'PUT /customers/integration'];
    const posted = [...around('target.create'), 'before target.create 2', 'after target.create 2'];
    const places = [...answers, ...steps, ...posted];
    expect(await killAtEach(places, settings)).toEqual(expect.arrayContaining(places));
  });
});

describe('a daemon that is killed with SIGKILL twice', () => {
  const settings: Settings = { kind: 'sqlite', takesGroups: false, customers: 2 };

  it.concurrent('delivers one package to each customer though it is killed again after its restart', async () => {
    const pairs: [string, string][] = [
      ['after write of take-up.ts 2', 'after target.find 2'],
      ['before target.create 2', 'before target.create 1'],
      ['POST /packages', 'inside write of take-up.ts 1'],
      ['POST /packages', 'GET /packages'],
      ['after target.create 1', 'after target.find 1'],
      ['inside write of storeAll 1', 'inside write of storeAll 1'],
      ['after write of storeAll 1', 'after source.report 1'],
    ];
    await killTwice(pairs, settings);
  });
});

describe('a daemon that is killed with SIGKILL while it posts groups', () => {
  const settings: Settings = { kind: 'sqlite', takesGroups: true, customers: 60 };

  it.concurrent('delivers one package to each customer after a restart, wherever it was killed', async () => {
    const answers = ['GET /customers', 'POST /packages/batch', 'PUT /customers/integration'];
    const places = [...answers, ...steps, ...around('target.createMany')];
    expect(await killAtEach(places, settings)).toEqual(expect.arrayContaining(places));
  });

  it.concurrent('delivers one package to each customer though it is killed again after its restart', async () => {
    const pairs: [string, string][] = [
      ['after write of take-up.ts 2', 'after target.findMany 1'],
      ['after write of take-up.ts 2', 'POST /packages/batch'],
      ['POST /packages/batch', 'before target.findMany 1'],
      ['POST /packages/batch', 'GET /packages'],
      ['after target.createMany 1', 'inside write of storeAll 1'],
    ];
    await killTwice(pairs, settings);
  });
});
