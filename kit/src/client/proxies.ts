import type { Agent as HttpAgent } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { ProxySettings } from '../process/proxy-settings.ts';

/** The settings of an agent, and the host of the proxy that it uses. */
type Way = { proxyHost?: string; agent: Pick<ConstructorParameters<typeof HttpAgent>[0] & object, 'proxyEnv'> };

/** How to reach an address: directly, or through a proxy. An agent of Node itself speaks to the proxy. */
export function wayTo(address: string, proxies: ProxySettings | undefined): Way {
  const url = new URL(address);
  const proxy = url.protocol === 'https:' ? proxies?.https : proxies?.http;
  if (!proxies || !proxy || isDirect(url, proxies.except)) return { agent: {} };
  // the exceptions are decided here: Node knows neither networks nor loopback addresses in NO_PROXY
  return { proxyHost: new URL(proxy).host, agent: { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } } };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
// an address to listen on that reaches this machine when it is called
loopback.addAddress('0.0.0.0');
loopback.addAddress('::', 'ipv6');

/** A proxy elsewhere would look for a loopback address on its own machine. */
function isDirect({ hostname, port, protocol }: URL, except: string[]): boolean {
  const host = bare(hostname);
  if (host === 'localhost' || host.endsWith('.localhost') || contains(loopback, host)) return true;
  const usedPort = port || (protocol === 'https:' ? '443' : '80');
  return except.some((entry) => matches(entry, host, usedPort));
}

/** An entry of NO_PROXY as curl and Go read it: `*`, a domain with its subdomains, an address, a network; each with a port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, name = entry, entryPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const wanted = bare(name).replace(/^\*?\./, '');
  if (wanted === '') return false;
  const [network = '', prefix] = wanted.split('/');
  if (isIP(network)) return isIP(host) !== 0 && contains(networkOf(network, prefix), host);
  return host === wanted || host.endsWith(`.${wanted}`);
}

function networkOf(address: string, prefix: string | undefined): BlockList {
  const list = new BlockList();
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const bits = Number(prefix ?? (family === 'ipv6' ? 128 : 32));
  if (Number.isInteger(bits) && bits >= 0 && bits <= (family === 'ipv6' ? 128 : 32))
    list.addSubnet(address, bits, family);
  return list;
}

function contains(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/** Without brackets, the final dot of a full name, and capitals. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
