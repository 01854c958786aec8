import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const S3rver = require('s3rver');

const [directory, port] = process.argv.slice(2);

process.on('disconnect', () => process.exit());
const server = new S3rver({ address: '127.0.0.1', port: Number(port), directory, silent: true });
process.send?.(await server.run());
