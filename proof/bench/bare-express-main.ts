import type { AddressInfo } from 'node:net';
import express from 'express';

/** The baseline: accepts every post, validates nothing, and keeps the rows in memory. */
const app = express();
const rows: object[] = [];
app.use(express.json());
app.post(['/customers', '/packages'], (request, response) => {
  const row = { id: rows.length + 1, ...request.body };
  rows.push(row);
  response.status(201).json(row);
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
