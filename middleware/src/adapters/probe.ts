import { describe } from '@doorstep/kit/client/describe.ts';
import { asAxiosError } from '@doorstep/kit/client/http-client.ts';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import type { CaughtRequest, CustomerSource, PackageTarget, Probe } from '../ports.ts';
import { isObject } from './next-link.ts';
import { readList } from './read-list.ts';

type Means = {
  urls: Probe['urls'];
  crmHttp: AxiosInstance;
  inventoryHttp: AxiosInstance;
  source: CustomerSource;
  target: PackageTarget;
};

const settings = { token: 'INVENTORY_TOKEN', url: 'INVENTORY_SERVICE_URL' };

/** The means must not be in use for anything else: the Inventory's client sends no request while one is caught. */
export function createProbe({ urls, crmHttp, inventoryHttp, source, target }: Means): Probe {
  const fields = watchFields(crmHttp);

  async function ask(url: string, params: object = {}) {
    const asked = `GET ${axios.getUri({ url, params })}`;
    try {
      const response = await inventoryHttp.get(url, { params });
      return { asked, status: response.status, response, reason: undefined };
    } catch (error) {
      const failure = asAxiosError(error);
      const reason = describe('Inventory', failure, settings);
      return { asked, status: failure.response?.status, response: undefined, reason };
    }
  }

  return {
    urls: { crm: shownUrl(urls.crm), inventory: shownUrl(urls.inventory) },

    async page() {
      const page = await source.fetchPage(0);
      return { page, fields: fields() };
    },

    async root() {
      const { response, ...answer } = await ask('/');
      const said = isObject(response?.data) ? response.data['idempotency'] : undefined;
      return { ...answer, idempotency: typeof said === 'string' ? said : undefined };
    },

    async packages(customerId) {
      const { response, ...answer } = await ask('/packages', { customerId });
      if (!response) return { ...answer, packages: undefined };
      const list = readList(response);
      if (list.kind === 'list') return { ...answer, packages: list.entries.length };
      const reason = `Inventory answered with something that is not a list: ${list.seen}`;
      return { ...answer, packages: undefined, reason };
    },

    async request(request) {
      let caught: InternalAxiosRequestConfig | undefined;
      const { adapter = 'http' } = inventoryHttp.defaults;
      inventoryHttp.defaults.adapter = async (config) => {
        if (config.method !== 'post') throw new axios.AxiosError('not sent', 'ERR_CANCELED', config);
        caught = config;
        return { status: 201, statusText: 'Created', data: { id: 1 }, headers: {}, config };
      };
      await target.create(request, { quickRetries: false });
      inventoryHttp.defaults.adapter = adapter;
      return caught && show(caught);
    },
  };
}

function show(config: InternalAxiosRequestConfig): CaughtRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(config.headers.toJSON())) {
    headers[name] = name.toLowerCase() === 'authorization' ? 'Bearer (not shown)' : String(value);
  }
  const method = String(config.method).toUpperCase();
  return { method, url: shownUrl(axios.getUri(config)), headers, body: JSON.parse(String(config.data)) };
}

/** Without a password. */
function shownUrl(address: string): string {
  const url = new URL(address);
  if (!url.password) return address;
  url.password = '';
  return url.href;
}

/** The fields of the first entry of the last list that the client has read. */
function watchFields(client: AxiosInstance): () => string[] {
  let fields: string[] = [];
  client.interceptors.response.use((response) => {
    const list = readList(response);
    const [entry] = list.kind === 'list' ? list.entries : [];
    fields = isObject(entry) ? Object.keys(entry) : [];
    return response;
  });
  return () => fields;
}
