import { StartError } from '@doorstep/kit/errors.ts';
import { type CommonConfig, readCommonConfig } from '@doorstep/kit/process/config.ts';
import { type Environment, origins, readSettings, secretHttpUrl, secretText } from '@doorstep/kit/process/settings.ts';

export type WebhookSettings = {
  url: string;
  /** The HMAC key that signs each message. */
  key: Buffer;
};

export type InventoryConfig = CommonConfig & {
  corsOrigins: string[];
  /** Unset: alerts go only to the log and the metrics. */
  webhook: WebhookSettings | undefined;
};

/** 24 to 64 bytes in base64. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const webhookSecret =
  /^whsec_(?=[A-Za-z0-9+/]{32,86}={0,2}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws StartError that names the invalid variable. */
export function readInventoryConfig(environment: Environment): InventoryConfig {
  const common = readCommonConfig('inventory', 3002, environment);
  const settings = readSettings({ CORS_ORIGINS: origins() }, environment);
  return { ...common, corsOrigins: settings.CORS_ORIGINS, webhook: readWebhookSettings(environment) };
}

function readWebhookSettings(environment: Environment): WebhookSettings | undefined {
  const takes = 'whsec_ followed by 24 to 64 bytes in base64, as `echo whsec_$(openssl rand -base64 32)` prints';
  const { LOW_STOCK_WEBHOOK_URL: url, LOW_STOCK_WEBHOOK_SECRET: secret } = readSettings(
    { LOW_STOCK_WEBHOOK_URL: secretHttpUrl(), LOW_STOCK_WEBHOOK_SECRET: secretText(webhookSecret, takes) },
    environment,
  );
  if (url === undefined) return undefined;
  if (secret === undefined) {
    throw new StartError(`LOW_STOCK_WEBHOOK_SECRET is not set; with LOW_STOCK_WEBHOOK_URL it takes ${takes}.`);
  }
  return { url, key: Buffer.from(secret.slice('whsec_'.length), 'base64') };
}
