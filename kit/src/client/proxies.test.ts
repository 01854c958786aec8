import { describe, expect, it } from 'vitest';
import { wayTo } from './proxies.ts';

const proxy = 'http://proxy.test:3128';
const isProxied = (url: string, noProxy = '') =>
  wayTo(url, { http: proxy, https: proxy, except: noProxy.split(',').filter(Boolean) }).proxyHost === 'proxy.test:3128';

describe('a loopback address', () => {
  it.each([
    'http://localhost:3001',
    'http://LOCALHOST.:3001',
    'http://crm.localhost',
    'http://127.0.0.1:3001',
    'http://127.8.9.10',
    'http://127.1',
    'https://[::1]:3001',
    'http://[::ffff:127.0.0.1]:3001',
    'http://0.0.0.0:3001',
  ])('is never reached through a proxy: %s', (url) => {
    expect(isProxied(url)).toBe(false);
  });
});

describe('any other address', () => {
  it.each(['http://crm:3001', 'http://128.0.0.1', 'https://example.test', 'http://[::2]', 'http://notlocalhost'])(
    'is reached through the proxy: %s',
    (url) => {
      expect(isProxied(url)).toBe(true);
    },
  );

  it('is reached directly without a proxy for its protocol', () => {
    expect(wayTo('http://crm.test', { https: proxy, except: [] })).toEqual({ agent: {} });
    expect(wayTo('https://crm.test', { http: proxy, except: [] })).toEqual({ agent: {} });
    expect(wayTo('https://crm.test', undefined)).toEqual({ agent: {} });
  });

  it('is never named together with the password of the proxy', () => {
    expect(wayTo('http://crm.test', { http: 'http://me:hidden@proxy.test:3128', except: [] }).proxyHost).toBe(
      'proxy.test:3128',
    );
  });
});

describe('an entry of NO_PROXY', () => {
  it.each([
    ['*', 'http://crm.test'],
    ['crm.test', 'http://crm.test:3001'],
    ['CRM.test', 'https://crm.TEST.'],
    ['crm.test', 'http://eu.crm.test'],
    ['.crm.test', 'http://eu.crm.test'],
    ['.crm.test', 'http://crm.test'],
    ['*.crm.test', 'http://eu.crm.test'],
    ['crm.test:3001', 'http://crm.test:3001'],
    ['crm.test:443', 'https://crm.test'],
    ['other.test,crm.test', 'http://crm.test'],
    ['10.1.2.3', 'http://10.1.2.3:80'],
    ['10.1.2.3:80', 'http://10.1.2.3'],
    ['10.0.0.0/8', 'http://10.1.2.3'],
    ['fd00::/8', 'http://[fd00::17]:3001'],
    ['fd00::17', 'http://[fd00::17]:3001'],
    ['[fd00::17]:3001', 'http://[fd00::17]:3001'],
    ['crm', 'http://crm:3001'],
  ])('%j leads directly to %s', (noProxy, url) => {
    expect(isProxied(url, noProxy)).toBe(false);
  });

  it.each([
    ['crm.test', 'http://mycrm.test'],
    ['crm.test', 'http://crm.test.example'],
    ['crm.test:3001', 'http://crm.test:3002'],
    ['crm.test:80', 'https://crm.test'],
    ['[fd00::17]:3002', 'http://[fd00::17]:3001'],
    ['10.0.0.0/8', 'http://11.1.2.3'],
    ['10.0.0.0/99', 'http://10.1.2.3'],
    ['10.0.0.0/8', 'http://ten.test'],
    ['.', 'http://crm.test'],
    ['', 'http://crm.test'],
  ])('%j leaves %s to the proxy', (noProxy, url) => {
    expect(isProxied(url, noProxy)).toBe(true);
  });
});
