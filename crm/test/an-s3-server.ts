import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { compileCache } from '@doorstep/kit/test/quick-start.ts';

type S3Object = {
  key: string;
  contentType: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads objects of every shape
  body: any;
};

export type Bucket = {
  name: string;
  /** The stored objects in key order, whether the server runs or not. */
  objects(): Promise<S3Object[]>;
};

export type S3Server = AsyncDisposable & {
  url: string;
  /** Creates a bucket. */
  bucket(name?: string): Promise<Bucket>;
  /** Kills the server with SIGKILL. */
  kill(): Promise<void>;
  /** Restarts the server at the same address with the same objects. */
  start(): Promise<void>;
};

/** A real S3-compatible server in its own process. Disposing of it deletes its objects. */
export async function startS3Server(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'doorstep-s3-'));
  let { child, port } = await forkServer(directory, 0);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    url: `http://127.0.0.1:${port}`,
    async bucket(name = `events-${randomUUID()}`) {
      const folder = join(directory, name);
      await mkdir(folder, { recursive: true });
      // s3rver answers a put before the file is complete
      return { name, objects: () => eventually(() => readObjects(folder)) };
    },
    kill,
    async start() {
      ({ child, port } = await forkServer(directory, port));
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function forkServer(directory: string, wanted: number): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(new URL('./s3-server-main.ts', import.meta.url), [directory, String(wanted)], {
    env: compileCache,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the S3 server ended with ${code}`);
  });
  ended.catch(() => undefined);
  const [{ port }] = await Promise.race([once(child, 'message'), ended]);
  return { child, port };
}

/** s3rver stores each object as a file of this name, with its metadata in files beside it. */
const objectSuffix = '._S3rver_object';

async function readObjects(folder: string): Promise<S3Object[]> {
  const files = await readdir(folder, { recursive: true });
  const keys = files.filter((file) => file.endsWith(objectSuffix)).map((file) => file.slice(0, -objectSuffix.length));
  return Promise.all(
    keys.sort().map(async (key) => {
      const metadata = JSON.parse(await readFile(join(folder, `${key}._S3rver_metadata.json`), 'utf8'));
      const body = JSON.parse(await readFile(join(folder, key + objectSuffix), 'utf8'));
      return { key, contentType: metadata['content-type'], body };
    }),
  );
}
