import { label } from '@doorstep/kit/http/texts.ts';
import { type CommonConfig, readCommonConfig } from '@doorstep/kit/process/config.ts';
import {
  type Environment,
  integer,
  neighbourUrl,
  oneOf,
  optionalText,
  readSettings,
  secretText,
} from '@doorstep/kit/process/settings.ts';
import { validate as isCron } from 'node-cron';
import { z } from 'zod';
import { sourceNamePattern } from './inventory-names.ts';
import { fromBeginning, parseStartFrom, type StartFrom } from './start-from.ts';

export type MiddlewareConfig = CommonConfig & {
  crm: { url: string; token: string | undefined };
  inventory: { url: string; token: string | undefined; idempotency: 'auto' | 'permanent' | 'none' };
  pollCron: string;
  pollPageSize: number;
  packageType: string;
  sourceName: string | undefined;
  startFrom: StartFrom;
  reconcileCron: string;
  delivery: { concurrency: number; retriesMax: number; timeoutMs: number; settleMs: number; waitsMs: number[] };
};

/** @throws StartError naming the variable that is wrong. */
export function readMiddlewareConfig(environment: Environment): MiddlewareConfig {
  const settings = readSettings(
    {
      CRM_SERVICE_URL: neighbourUrl(environment, 'CRM_PORT', 3001),
      INVENTORY_SERVICE_URL: neighbourUrl(environment, 'INVENTORY_PORT', 3002),
      CRM_TOKEN: bearerToken(),
      INVENTORY_TOKEN: bearerToken(),
      POLL_CRON: cron('*/5 * * * * *'),
      POLL_PAGE_SIZE: integer({ min: 1, max: 1000, default: 500 }),
      PACKAGE_TYPE: label({ max: 100 }).default('welcome_pack_v1').meta({ takes: 'a text of 1 to 100 characters' }),
      SOURCE_NAME: optionalText(
        sourceNamePattern,
        'a name of 1 to 50 visible characters without colons, commas and spaces',
      ),
      START_FROM: startFrom(),
      DELIVERY_CONCURRENCY: integer({ min: 1, max: 1000, default: 16 }),
      DELIVERY_RETRIES: integer({ min: 0, max: 10, default: 3 }),
      DELIVERY_TIMEOUT_MS: integer({ min: 1, max: 600_000, default: 10_000 }),
      DELIVERY_SETTLE_MS: integer({ min: 0, max: 86_400_000, default: 60_000 }),
      INVENTORY_IDEMPOTENCY: oneOf(['auto', 'permanent', 'none'], 'auto'),
      RETRY_SCHEDULE: waits('5s,30s,5m,30m,2h,5h,10h,10h'),
      RECONCILE_CRON: cron('0 17 * * * *'),
    },
    environment,
  );
  return {
    ...readCommonConfig('middleware', 3003, environment),
    crm: { url: settings.CRM_SERVICE_URL, token: settings.CRM_TOKEN },
    inventory: {
      url: settings.INVENTORY_SERVICE_URL,
      token: settings.INVENTORY_TOKEN,
      idempotency: settings.INVENTORY_IDEMPOTENCY,
    },
    pollCron: settings.POLL_CRON,
    pollPageSize: settings.POLL_PAGE_SIZE,
    packageType: settings.PACKAGE_TYPE,
    sourceName: settings.SOURCE_NAME,
    startFrom: settings.START_FROM,
    reconcileCron: settings.RECONCILE_CRON,
    delivery: {
      concurrency: settings.DELIVERY_CONCURRENCY,
      retriesMax: settings.DELIVERY_RETRIES,
      timeoutMs: settings.DELIVERY_TIMEOUT_MS,
      settleMs: settings.DELIVERY_SETTLE_MS,
      waitsMs: settings.RETRY_SCHEDULE,
    },
  };
}

/** A token goes into a header, which takes no line break; a pasted "Bearer …" has a space. */
function bearerToken() {
  return secretText(
    /^[\x21-\x7e]+$/,
    'a bearer token of visible ASCII characters, without "Bearer" and without spaces',
  );
}

function cron(fallback: string) {
  return z
    .string()
    .refine((expression) => expression.trim().split(/\s+/).length === 6 && isCron(expression))
    .default(fallback)
    .meta({ takes: `a cron expression of six fields, seconds first, such as ${fallback}` });
}

function startFrom() {
  return z
    .string()
    .default(fromBeginning.text)
    .refine((text) => parseStartFrom(text) !== undefined)
    .transform((text) => parseStartFrom(text) as StartFrom)
    .meta({ takes: 'beginning, now, a customer id, or a time such as 2026-01-31T12:00:00Z' });
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function waits(fallback: string) {
  return z
    .string()
    .default(fallback)
    .refine((list) => list.split(',').every((wait) => /^\s*[1-9]\d{0,5}[smhd]\s*$/.test(wait)))
    .transform((list) => list.split(',').map((wait) => parseWait(wait.trim())))
    .meta({ takes: `comma-separated waits in s, m, h or d, such as ${fallback}` });
}

function parseWait(wait: string): number {
  return Number(wait.slice(0, -1)) * unitMs[wait.slice(-1) as keyof typeof unitMs];
}
