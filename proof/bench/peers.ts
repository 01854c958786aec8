import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Peers that do a part of the same work, in the measured versions. */
const versions = { 'json-server': '0.17.4', 'node-red': '5.0.7', 'pg-boss': '12.35.0' };

type Peer = keyof typeof versions;

/** Outside the workspace, because none of our packages depends on them. */
const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'doorstep-bench-peers');

export async function installPeers(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: versions }));
  const options = { cwd: folder, shell: process.platform === 'win32' };
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], options);
}

/** A file of an installed peer; undefined if the measured version is not installed. */
export function peerFile(peer: Peer, path: string): string | undefined {
  const home = join(folder, 'node_modules', peer);
  if (!existsSync(home)) return undefined;
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return version === versions[peer] ? join(home, path) : undefined;
}

export const nameOf = (peer: Peer) => `${peer} ${versions[peer]}`;

export const notInstalled = 'not installed; npm run bench -- --peers installs it';
