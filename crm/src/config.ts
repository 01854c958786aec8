import {
  type CommonConfig,
  type Environment,
  integer,
  origins,
  readCommonConfig,
  readSettings,
  requireInProduction,
  secret,
  text,
} from '@doorstep/kit/config.ts';

export type CrmConfig = CommonConfig & {
  admin: { username: string; password: string | undefined };
  tokenExpiresSeconds: number;
  corsOrigins: string[];
};

/** @throws StartError naming the variable that is wrong. */
export function readCrmConfig(environment: Environment): CrmConfig {
  const common = readCommonConfig('crm', 3001, environment);
  const settings = readSettings(
    {
      ADMIN_USERNAME: text('admin'),
      ADMIN_PASSWORD: secret(12),
      JWT_EXPIRES_SECONDS: integer({ min: 60, max: 86_400, default: 3600 }),
      CORS_ORIGINS: origins(),
    },
    environment,
  );
  if (common.production) {
    requireInProduction(environment, 'ADMIN_USERNAME', 'a text');
    requireInProduction(environment, 'ADMIN_PASSWORD', 'a text of at least 12 bytes');
  }
  return {
    ...common,
    admin: { username: settings.ADMIN_USERNAME, password: settings.ADMIN_PASSWORD },
    tokenExpiresSeconds: settings.JWT_EXPIRES_SECONDS,
    corsOrigins: settings.CORS_ORIGINS,
  };
}
