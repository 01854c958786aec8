type Environment = Record<string, string | undefined>;

/** The settings that not all services read. A test compares them with what each service reads. */
const settings = {
  crm: [
    'ADMIN_USERNAME',
    'ADMIN_PASSWORD',
    'JWT_EXPIRES_SECONDS',
    'CORS_ORIGINS',
    'INVENTORY_PORT',
    'INVENTORY_SERVICE_URL',
    'EVENT_BUCKET_NAME',
    'AWS_REGION',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'LOCALSTACK_URL',
  ],
  inventory: ['CORS_ORIGINS', 'LOW_STOCK_WEBHOOK_URL', 'LOW_STOCK_WEBHOOK_SECRET'],
  middleware: [
    'CRM_PORT',
    'INVENTORY_PORT',
    'CRM_SERVICE_URL',
    'CRM_TOKEN',
    'INVENTORY_SERVICE_URL',
    'INVENTORY_TOKEN',
    'POLL_CRON',
    'POLL_PAGE_SIZE',
    'PACKAGE_TYPE',
    'START_FROM',
    'SOURCE_NAME',
    'DELIVERY_CONCURRENCY',
    'DELIVERY_RETRIES',
    'DELIVERY_TIMEOUT_MS',
    'INVENTORY_IDEMPOTENCY',
    'DELIVERY_SETTLE_MS',
    'RETRY_SCHEDULE',
    'RECONCILE_CRON',
  ],
};

export type Service = keyof typeof settings;

const someRead = new Set(Object.values(settings).flat());

/** The AWS SDK, which only the CRM has, finds credentials in more variables than the settings name. */
const forSdk = /^AWS_/;

/**
 * What a service gets of the environment of `npm start`: everything but the settings, and so the secrets, of the other
 * services. Windows ignores the case of a name.
 */
export function environmentFor(service: Service, environment: Environment): Environment {
  const own = new Set(settings[service]);
  const isForOthers = (name: string) =>
    (someRead.has(name) && !own.has(name)) || (forSdk.test(name) && service !== 'crm');
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isForOthers(name.toUpperCase())));
}
