import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RequestHandler } from 'express';

const names = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-32x32.png',
  'favicon-16x16.png',
];

const ofPage = createRequire(createRequire(import.meta.url).resolve('swagger-ui-express'));
/** The package itself would load a bundle for browsers. */
const folder = ofPage('swagger-ui-dist/absolute-path')();

type File = { body: Buffer; etag: string };
const files = new Map<string, File>();

/** Where they are, below the docs page. */
export const docsFilePaths = names.map((name) => `/docs/${name}`);

/** Answers with a file from memory: one that is streamed stays open for as long as its client reads nothing. */
export const sendDocsFile: RequestHandler = (request, response) => {
  const name = names.find((candidate) => request.path.endsWith(`/${candidate}`)) as string;
  const { body, etag } = files.get(name) ?? read(name);
  response.set({ ETag: etag, 'Cache-Control': 'public, max-age=0' });
  if (request.fresh) response.status(304).end();
  else response.type(name).set('Content-Length', String(body.length)).end(body);
};

function read(name: string): File {
  const body = readFileSync(join(folder, name));
  const file = { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` };
  files.set(name, file);
  return file;
}
