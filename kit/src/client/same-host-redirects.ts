import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';

const hopsMax = 5;

/**
 * Makes the client follow 307 and 308 to the same host, with the method, the body and every header kept. Any other
 * redirect is an answer, because it would send the token elsewhere or turn a POST into a GET.
 */
export function followSameHost(client: AxiosInstance): void {
  const send = axios.getAdapter(client.defaults.adapter ?? 'http');
  client.defaults.adapter = async (config) => {
    let hop = config;
    for (let hops = 0; ; hops += 1) {
      try {
        const response = await send(hop);
        return { ...response, config };
      } catch (error) {
        const next = hops < hopsMax ? nextHop(hop, error) : undefined;
        // retries begin again at the address that was asked for
        if (!next) throw axios.isAxiosError(error) ? Object.assign(error, { config }) : error;
        hop = next;
      }
    }
  };
}

function nextHop(config: InternalAxiosRequestConfig, error: unknown): InternalAxiosRequestConfig | undefined {
  const { status, headers } = (axios.isAxiosError(error) && error.response) || {};
  const location = headers?.['location'];
  if ((status !== 307 && status !== 308) || typeof location !== 'string') return undefined;
  const from = new URL(axios.getUri(config));
  if (!URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  if (!isSameHost(from, to)) return undefined;
  const { baseURL: _base, params: _params, ...rest } = config;
  return { ...rest, url: to.href };
}

/** An upgrade to https counts as the same host, on the same port or on the usual one. */
function isSameHost(from: URL, to: URL): boolean {
  if (to.username !== '' || to.hostname !== from.hostname) return false;
  if (to.protocol === from.protocol) return to.port === from.port;
  return from.protocol === 'http:' && to.protocol === 'https:' && (to.port === '' || to.port === from.port);
}
