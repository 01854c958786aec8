import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { wayTo } from '@doorstep/kit/client/proxies.ts';
import { describeProxy } from '@doorstep/kit/client/proxy-answers.ts';
import type { ProxySettings } from '@doorstep/kit/process/proxy-settings.ts';
import type { EventSettings } from '../config.ts';
import type { EventBucket } from '../ports.ts';

const putTimeoutMs = 5_000;

/** A bucket on Amazon S3 or an S3-compatible server. Without keys, the SDK uses its default credential chain. */
export function eventBucket(
  { bucket, region, endpoint, keys }: EventSettings,
  proxies?: ProxySettings,
): EventBucket & Disposable {
  const address = endpoint ?? `https://s3.${region}.amazonaws.com`;
  const { agent, proxyHost } = wayTo(address, proxies);
  const client = new S3Client({
    region,
    ...(keys && { credentials: keys }),
    // S3-compatible servers have one host name for all buckets
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // the SDK itself does not read the proxy variables
    ...(proxyHost !== undefined && { requestHandler: { httpAgent: agent, httpsAgent: agent } }),
    // the publisher itself retries and logs every failure
    maxAttempts: 1,
    // some S3-compatible servers store the checksum trailer as part of the object
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    async put(Key, Body) {
      const object = new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: 'application/cloudevents+json' });
      const abortSignal = AbortSignal.timeout(putTimeoutMs);
      try {
        const { ETag } = await client.send(object, { abortSignal });
        // every S3 server sends an ETag; a web server that answers 200 to everything does not
        return ETag ? undefined : 'the server that answered is not S3; is LOCALSTACK_URL right?';
      } catch (error) {
        // the SDK also reports a connection reset as a timeout
        return abortSignal.aborted
          ? `S3 gave no answer in ${putTimeoutMs / 1000} s`
          : reasonOf(error as Error, { proxyHost, address });
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

type S3Error = Error & { code?: string; $metadata?: { httpStatusCode?: number; requestId?: string } };

/** The error that S3 returned, or why S3 could not be reached. Never contains the keys. */
function reasonOf(error: S3Error, { proxyHost, address }: { proxyHost: string | undefined; address: string }): string {
  const { name, message, code, $metadata } = error;
  const { httpStatusCode: status, requestId } = $metadata ?? {};
  const config = { ...(proxyHost !== undefined && { proxyHost }), baseURL: address };
  const proxy = status === undefined ? describeProxy('S3', { code, cause: error, config }) : undefined;
  if (proxy !== undefined) return proxy;
  if (status === undefined) return `S3 cannot be reached (${code ?? message})`;
  // the other lines only help to debug the SDK
  const sentence = message.split('\n', 1)[0];
  return `S3 answered ${status} ${name}: ${sentence}${requestId ? ` (request ${requestId})` : ''}`;
}
