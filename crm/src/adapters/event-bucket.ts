import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { EventSettings } from '../config.ts';
import type { EventBucket } from '../ports.ts';

const putTimeoutMs = 5_000;

/** A bucket of Amazon S3, or of a server that speaks its protocol. Without keys the SDK looks where it usually does. */
export function eventBucket({ bucket, region, endpoint, keys }: EventSettings): EventBucket & Disposable {
  const client = new S3Client({
    region,
    ...(keys && { credentials: keys }),
    // other servers are found under one name, whatever the bucket
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // the publisher repeats by itself, and tells of every failure
    maxAttempts: 1,
    // other servers take the checksum for a part of the object
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    async put(Key, Body) {
      const object = new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: 'application/cloudevents+json' });
      const abortSignal = AbortSignal.timeout(putTimeoutMs);
      try {
        const { ETag } = await client.send(object, { abortSignal });
        // every S3 gives one; a web page that answers 200 to anything does not
        return ETag ? undefined : 'what answered is no S3; is LOCALSTACK_URL right?';
      } catch (error) {
        // the SDK calls a connection that was reset a timeout too
        return abortSignal.aborted ? `S3 gave no answer in ${putTimeoutMs / 1000} s` : reasonOf(error as Error);
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

type S3Error = Error & { code?: string; $metadata?: { httpStatusCode?: number; requestId?: string } };

/** What S3 said, or why it said nothing. Keys are in neither. */
function reasonOf({ name, message, code, $metadata }: S3Error): string {
  const { httpStatusCode: status, requestId } = $metadata ?? {};
  if (status === undefined) return `S3 cannot be reached (${code ?? message})`;
  // what follows in other lines is for who debugs the SDK
  const sentence = message.split('\n', 1)[0];
  return `S3 answered ${status} ${name}: ${sentence}${requestId ? ` (request ${requestId})` : ''}`;
}
