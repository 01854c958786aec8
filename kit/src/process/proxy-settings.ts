import { z } from 'zod';
import { type Environment, readSettings } from './settings.ts';

/** The proxies of HTTP_PROXY and HTTPS_PROXY, and the entries of NO_PROXY. */
export type ProxySettings = { http?: string | undefined; https?: string | undefined; except: string[] };

/** Other programs also accept an address without its protocol. */
const proxyAddress = z
  .string()
  .transform((address) => (address.includes('://') ? address : `http://${address}`))
  .refine((address) => URL.canParse(address) && /^https?:$/.test(new URL(address).protocol))
  .optional()
  .meta({ takes: 'the http or https address of a proxy, such as http://proxy.example.com:3128', secret: true });

const exceptions = z
  .string()
  .default('')
  .transform((entries) => entries.split(/[\s,]+/).filter(Boolean))
  .meta({ takes: 'comma-separated hosts, domains or networks, or *' });

/**
 * Reads the proxy variables in both spellings. As in curl and Node, the lower-case one takes precedence; the exceptions
 * of both apply.
 * @throws StartError that names the invalid variable.
 */
export function readProxies(environment: Environment): ProxySettings {
  const read = (name: string) => readSettings({ [name]: proxyAddress }, environment)[name];
  const readExceptions = (name: string) => readSettings({ [name]: exceptions }, environment)[name] ?? [];
  return {
    http: read('http_proxy') ?? read('HTTP_PROXY'),
    https: read('https_proxy') ?? read('HTTPS_PROXY'),
    except: [...readExceptions('no_proxy'), ...readExceptions('NO_PROXY')],
  };
}
