import { StartError } from '@doorstep/kit/errors.ts';
import {
  type CommonConfig,
  readCommonConfig,
  requireInProduction,
  requireSecretInProduction,
} from '@doorstep/kit/process/config.ts';
import {
  type Environment,
  integer,
  name,
  neighbourUrl,
  optionalHttpUrl,
  optionalText,
  origins,
  readSettings,
  secret,
} from '@doorstep/kit/process/settings.ts';
import { seenForm } from '@doorstep/kit/text/fold.ts';
import { loginNameMax, passwordMax } from './customer.ts';

/** The bucket for events, on Amazon S3 or on the server at `endpoint`. */
export type EventSettings = {
  bucket: string;
  region: string;
  endpoint: string | undefined;
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
};

export type CrmConfig = CommonConfig & {
  admin: { username: string; password: string | undefined };
  tokenExpiresSeconds: number;
  corsOrigins: string[];
  inventoryUrl: string;
  /** Undefined if events are only stored and not published. */
  events: EventSettings | undefined;
};

/** @throws StartError that names the invalid variable. */
export function readCrmConfig(environment: Environment): CrmConfig {
  const common = readCommonConfig('crm', 3001, environment);
  const settings = readSettings(
    {
      ADMIN_USERNAME: name('admin', loginNameMax),
      ADMIN_PASSWORD: secret(12, passwordMax),
      JWT_EXPIRES_SECONDS: integer({ min: 60, max: 86_400, default: 3600 }),
      CORS_ORIGINS: origins(),
      INVENTORY_SERVICE_URL: neighbourUrl(environment, 'INVENTORY_PORT', 3002),
    },
    environment,
  );
  if (common.production) {
    requireInProduction(environment, 'ADMIN_USERNAME', 'a string');
    requireSecretInProduction(environment, 'ADMIN_PASSWORD', 'a string of at least 12 bytes');
  }
  return {
    ...common,
    admin: { username: seenForm(settings.ADMIN_USERNAME), password: settings.ADMIN_PASSWORD },
    tokenExpiresSeconds: settings.JWT_EXPIRES_SECONDS,
    corsOrigins: settings.CORS_ORIGINS,
    inventoryUrl: settings.INVENTORY_SERVICE_URL,
    events: readEventSettings(environment),
  };
}

function readEventSettings(environment: Environment): EventSettings | undefined {
  const settings = readSettings(
    {
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
      EVENT_BUCKET_NAME: optionalText(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of an S3 bucket'),
      AWS_REGION: optionalText(/^[a-z0-9-]+$/, 'the name of a region such as eu-central-1'),
      AWS_ACCESS_KEY_ID: secret(1),
      AWS_SECRET_ACCESS_KEY: secret(1),
      AWS_SESSION_TOKEN: secret(1),
      LOCALSTACK_URL: optionalHttpUrl(),
    },
    environment,
  );
  const {
    EVENT_BUCKET_NAME: bucket,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  } = settings;
  if (bucket === undefined) return undefined;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const [there, missing] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].sort((name) =>
      environment[name] ? -1 : 1,
    );
    throw new StartError(`${missing} is not set; with ${there} it takes the other half of the key.`);
  }
  // other S3 servers ignore the region, but the SDK requires one
  const region = settings.AWS_REGION ?? (settings.LOCALSTACK_URL && 'us-east-1');
  if (!region) throw new StartError('AWS_REGION is not set; with EVENT_BUCKET_NAME it takes the region of the bucket.');
  const sessionToken = settings.AWS_SESSION_TOKEN;
  const keys =
    accessKeyId && secretAccessKey
      ? { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
      : undefined;
  return { bucket, region, endpoint: settings.LOCALSTACK_URL, keys };
}
