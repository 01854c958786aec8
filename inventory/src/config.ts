import { type CommonConfig, type Environment, origins, readCommonConfig, readSettings } from '@doorstep/kit/config.ts';

export type InventoryConfig = CommonConfig & { corsOrigins: string[] };

/** @throws StartError naming the variable that is wrong. */
export function readInventoryConfig(environment: Environment): InventoryConfig {
  const common = readCommonConfig('inventory', 3002, environment);
  const settings = readSettings({ CORS_ORIGINS: origins() }, environment);
  return { ...common, corsOrigins: settings.CORS_ORIGINS };
}
