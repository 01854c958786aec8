import { StartError } from '../errors.ts';
import { readDatabaseUrl } from './database-settings.ts';
import type { ProxySettings } from './proxy-settings.ts';
import { readProxies } from './proxy-settings.ts';
import { type Environment, flag, integer, oneOf, readSettings, secret, text } from './settings.ts';

export type CommonConfig = {
  proxies: ProxySettings;
  host: string;
  port: number;
  dataDir: string;
  databaseUrl: string;
  log: { level: string; format: 'pretty' | 'json' };
  requireAuth: boolean;
  /** How long to keep what only tells of the past; 0 keeps it for ever. */
  retentionDays: number;
  jwtSecretKey: string | undefined;
  production: boolean;
};

/** @throws StartError as `readSettings` does, and in production if `JWT_SECRET_KEY` is unset. */
export function readCommonConfig(service: string, defaultPort: number, environment: Environment): CommonConfig {
  const production = environment['NODE_ENV'] === 'production';
  const settings = readSettings(
    {
      HOST: text('127.0.0.1'),
      PORT: integer({ min: 0, max: 65535, default: defaultPort }),
      DATA_DIR: text('./data'),
      LOG_LEVEL: oneOf(['error', 'warn', 'info', 'debug'], 'info'),
      LOG_FORMAT: oneOf(['pretty', 'json'], production ? 'json' : 'pretty'),
      REQUIRE_AUTH: flag(production),
      RETENTION_DAYS: integer({ min: 0, max: 36_500, default: 90 }),
      JWT_SECRET_KEY: secret(32),
    },
    environment,
  );
  if (production) requireSecretInProduction(environment, 'JWT_SECRET_KEY', 'a string of at least 32 bytes');
  return {
    host: settings.HOST,
    port: settings.PORT,
    dataDir: settings.DATA_DIR,
    databaseUrl: readDatabaseUrl(service, settings.DATA_DIR, environment),
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT },
    requireAuth: settings.REQUIRE_AUTH,
    retentionDays: settings.RETENTION_DAYS,
    jwtSecretKey: settings.JWT_SECRET_KEY,
    production,
    proxies: readProxies(environment),
  };
}

/** @throws StartError if the variable is unset. */
export function requireInProduction(environment: Environment, name: string, takes: string): void {
  if (!environment[name]) throw new StartError(`${name} is not set; with NODE_ENV=production it takes ${takes}.`);
}

const guessedFirst =
  /password|passwort|change|secret|admin|doorstep|letmein|welcome|qwerty|1234|5678|your|key|jwt|token|production|example|replace|this|me|in/gi;
const differentCharactersMin = 6;

/** @throws StartError if the secret is unset or weak: a repeated string, or little more than common words. */
export function requireSecretInProduction(environment: Environment, name: string, takes: string): void {
  requireInProduction(environment, name, takes);
  const value = environment[name] ?? '';
  const isRepeated = /^(.{1,16})\1+$/s.test(value);
  if (!isRepeated && new Set(value.replace(guessedFirst, '')).size >= differentCharactersMin) return;
  throw new StartError(
    `${name} is too easy to guess; with NODE_ENV=production it takes ${takes}, such as \`openssl rand -base64 32\` prints.`,
  );
}
