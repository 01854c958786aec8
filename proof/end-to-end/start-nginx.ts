import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from '@doorstep/kit/test/eventually.ts';
import { writeSelfSigned } from '@doorstep/kit/test/self-signed.ts';

const guide = join(import.meta.dirname, '../../docs/behind-a-proxy.md');

/** Debian has nginx outside the usual PATH. */
export const nginx = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'nginx'))
  .find(existsSync);

type Upstreams = { crm: { url: string }; inventory: { url: string }; middleware: { url: string } };

/** Starts nginx on this port with the configuration that the guide shows, in a folder of its own. */
export async function startNginx(program: string, port: number, upstreams: Upstreams) {
  const folder = mkdtempSync(join(tmpdir(), 'doorstep-nginx-'));
  const certificate = join(folder, 'doorstep.crt');
  writeSelfSigned({ key: join(folder, 'doorstep.key'), certificate }, 'DNS:doorstep.example.com');
  mkdirSync(join(folder, 'temp'));
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, { port, upstreams }));
  const child = spawn(program, ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${complaints}`);
    return await accepts(port);
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { certificate: readFileSync(certificate, 'utf8'), [Symbol.asyncDispose]: stop };
}

/** One process in the foreground, which writes to its folder only. */
function configuration(folder: string, { port, upstreams }: { port: number; upstreams: Upstreams }): string {
  const [, shown = ''] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(guide, 'utf8')) ?? [];
  const server = [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/ssl/', `${folder}/`],
    ['http://127.0.0.1:3001', upstreams.crm.url],
    ['http://127.0.0.1:3002', upstreams.inventory.url],
    ['http://127.0.0.1:3003', upstreams.middleware.url],
  ].reduce((text, [from = '', to = '']) => {
    if (!text.includes(from)) throw new Error(`the configuration in ${guide} has no ${from}`);
    return text.replaceAll(from, to);
  }, shown);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off;
    master_process off;
    pid nginx.pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path temp/${name};`).join('\n      ')}
      ${server}
    }
  `;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
