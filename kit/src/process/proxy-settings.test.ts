import { describe, expect, it } from 'vitest';
import { readProxies } from './proxy-settings.ts';

describe('the proxy variables', () => {
  it('are unset by default', () => {
    expect(readProxies({ HTTP_PROXY: '', no_proxy: '' })).toEqual({ http: undefined, https: undefined, except: [] });
  });

  it('are read in both spellings, the lower-case one first', () => {
    const environment = {
      HTTP_PROXY: 'http://a.test:1',
      http_proxy: 'http://b.test:2',
      HTTPS_PROXY: 'proxy.test:3128',
    };
    expect(readProxies(environment)).toMatchObject({ http: 'http://b.test:2', https: 'http://proxy.test:3128' });
  });

  it('keep the exceptions of both spellings', () => {
    const environment = { no_proxy: 'crm, inventory', NO_PROXY: '10.0.0.0/8 ,,*' };
    expect(readProxies(environment).except).toEqual(['crm', 'inventory', '10.0.0.0/8', '*']);
  });

  it.each(['socks5://me:hidden@proxy.test:1080', 'http://', 'a proxy:1', 'http://proxy.test:99999'])(
    'are refused without showing a password: %s',
    (address) => {
      expect(() => readProxies({ https_proxy: address })).toThrow(
        'https_proxy holds an invalid value; it takes the http or https address of a proxy, such as http://proxy.example.com:3128.',
      );
    },
  );
});
