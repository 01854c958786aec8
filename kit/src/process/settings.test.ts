import { describe, expect, it } from 'vitest';
import { flag, hostNames, httpUrl, integer, origins, proxies, publicUrl, readSettings } from './settings.ts';

describe('a setting', () => {
  it('drops the trailing slash of an address, and rejects credentials in it', () => {
    const url = (value: string) => readSettings({ URL: httpUrl('http://x') }, { URL: value });
    expect(url('http://crm:3001/')).toEqual({ URL: 'http://crm:3001' });
    expect(() => url('http://user:hunter2@crm')).toThrow('URL ');
    expect(() => url('ftp://crm')).toThrow('it takes an http or https address');
  });

  it('reads a public address as headers need it', () => {
    const read = (URL: string) => readSettings({ URL: publicUrl() }, { URL }).URL;
    expect(read('')).toBeUndefined();
    for (const [given, expected] of [
      ['https://example.com', 'https://example.com'],
      ['https://example.com/', 'https://example.com'],
      ['http://10.0.0.7:8080/crm//', 'http://10.0.0.7:8080/crm'],
      ['HTTPS://Example.com:443/CRM', 'https://example.com/CRM'],
      ['https://bücher.example/bücher und mehr', 'https://xn--bcher-kva.example/b%C3%BCcher%20und%20mehr'],
    ] as const) {
      expect(read(given)).toBe(expected);
    }
    for (const wrong of [
      'example.com/crm',
      '/crm',
      'ftp://example.com',
      'https://',
      'https://a/?b',
      'https://a/#b',
      'x',
    ]) {
      expect(() => read(wrong)).toThrow(
        `URL is ${JSON.stringify(wrong)}; it takes an http or https address without credentials, query or fragment, such as https://example.com/crm.`,
      );
    }
    expect(() => read('https://me:hunter2@example.com')).toThrow(/^URL is "https:\/\/…@example.com"; it takes/);
  });

  it('rejects other notations of numbers and numbers out of range', () => {
    const number = (value: string) => readSettings({ N: integer({ min: 1, max: 9, default: 1 }) }, { N: value });
    for (const value of ['1e0', '0x1', '-1', '1.0', ' 1', '10', '0']) expect(() => number(value)).toThrow('N is');
  });

  it('accepts host names separated by commas, with IPv6 addresses in brackets', () => {
    const names = (HOSTS: string) => readSettings({ HOSTS: hostNames(['localhost']) }, { HOSTS }).HOSTS;
    expect(names('')).toEqual(['localhost']);
    expect(names('ops.example.com')).toEqual(['ops.example.com']);
    expect(names(' a , 10.0.0.7,[::1],[::ffff:127.0.0.1], [FE80::1]')).toEqual([
      'a',
      '10.0.0.7',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[FE80::1]',
    ]);
    expect(names('my_crm')).toEqual(['my_crm']);
  });

  it.each([
    'localhost:3003',
    '[::1]:3003',
    '::1',
    '[::1',
    '[]',
    '[localhost]',
    '[1::2::3]',
    'http://localhost',
    'localhost/',
    'a b',
    '*',
    '*.example.com',
    'a,,b',
    'a,',
    ',',
    ' ',
  ])('rejects %j as a list of host names', (HOSTS) => {
    expect(() => readSettings({ HOSTS: hostNames([]) }, { HOSTS })).toThrow(
      `HOSTS is ${JSON.stringify(HOSTS)}; it takes comma-separated host names without a port, such as localhost,[::1].`,
    );
  });

  it('accepts origins separated by commas, and rejects addresses with a path', () => {
    const read = (ORIGINS: string) => readSettings({ ORIGINS: origins() }, { ORIGINS }).ORIGINS;
    expect(read('')).toEqual([]);
    expect(read('https://app.example.com, http://localhost:5173')).toEqual([
      'https://app.example.com',
      'http://localhost:5173',
    ]);
    for (const wrong of ['*', 'example.com', 'https://example.com/', 'https://example.com/a', 'https://a.com,']) {
      expect(() => read(wrong)).toThrow(
        `ORIGINS is ${JSON.stringify(wrong)}; it takes comma-separated origins such as https://app.example.com.`,
      );
    }
  });

  it('accepts proxies by name, address or network', () => {
    const read = (PROXIES: string) => readSettings({ PROXIES: proxies() }, { PROXIES }).PROXIES;
    const right = [
      'loopback',
      'linklocal',
      'uniquelocal',
      '10.0.0.7',
      '10.0.0.0/8',
      '::1',
      '::ffff:10.0.0.7',
      'fd00::/8',
    ];
    expect(read(right.join(', '))).toEqual(right);
    for (const wrong of ['everywhere', '10.0.0', '10.0.0.256', '10.0.0.0/33', 'fd00::/129', '[::1]', '10.0.0.7,']) {
      expect(() => read(wrong)).toThrow(
        `PROXIES is ${JSON.stringify(wrong)}; it takes comma-separated addresses or networks, such as loopback,10.0.0.0/8.`,
      );
    }
  });

  it('accepts true and false, and no other spelling', () => {
    const read = (FLAG: string) => readSettings({ FLAG: flag(true) }, { FLAG }).FLAG;
    expect([read(''), read('true'), read('false')]).toEqual([true, true, false]);
    for (const wrong of ['TRUE', 'False', '1', '0', 'yes', 'off', ' true']) {
      expect(() => read(wrong)).toThrow(`FLAG is ${JSON.stringify(wrong)}; it takes true or false.`);
    }
  });
});
