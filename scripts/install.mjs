import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Installs what is missing: what running needs or, with the word "all", what testing needs too. Costs nothing when all is there.
 * Plain JavaScript without packages, because any Node from 20 on runs it, and nothing is installed yet.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const marker = join(modules, '.doorstep');

const asksForAll = process.argv[2] === 'all';
// what npm test has installed stays when npm start follows
const all = asksForAll || hasDevelopmentPackages();
const wanted = fingerprint();
if (read(marker) !== wanted || all !== hasDevelopmentPackages()) await install();
requireNode();

/** Which packages, and for which machine: a folder may be shared with a virtual machine or a container. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}\n`;
}

function hasDevelopmentPackages() {
  return /"devDependencies": true/.test(read(join(modules, '.modules.yaml')));
}

async function install() {
  const isFirst = !existsSync(join(modules, '.modules.yaml'));
  // an installation that is killed half-way leaves no marker, so the next start completes it
  rmSync(marker, { force: true });
  process.stderr.write(`${sentence(isFirst)} … `);
  const startedAt = performance.now();
  const { failure, output } = await run(command());
  if (failure) {
    process.stderr.write(`failed.\n\n${output}\nThe installation failed (${failure}). Start again to retry.\n`);
    process.exit(1);
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(marker, wanted);
  process.stderr.write(`done in ${Math.ceil((performance.now() - startedAt) / 1000)} s.\n`);
}

function sentence(isFirst) {
  if (asksForAll) return 'Installing what the tests need (200 MB, a minute or so)';
  return isFirst ? 'Installing, first start only (100 MB, half a minute or so)' : 'Installing what has changed';
}

function command() {
  const options = [
    '--frozen-lockfile',
    '--ignore-pnpmfile',
    '--reporter=append-only',
    '--config.confirmModulesPurge=false',
  ];
  if (!all) options.push('--prod');
  // Who starts the program trusts the lockfile as much as the code. Asking the registry about each entry takes longer
  // than the installation; those who change the lockfile run the tests, which do ask.
  if (!asksForAll) options.push('--trust-lockfile');
  return `npx --yes pnpm@12.21.0 install ${options.join(' ')}`;
}

/** Gives what the command wrote, and why it failed; through a shell, since npx is a .cmd file on Windows. */
function run(line) {
  return new Promise((resolve) => {
    // a group of its own, because neither the shell nor npx passes a signal on to the installer
    const hasGroup = process.platform !== 'win32';
    const options = {
      cwd: root,
      shell: true,
      detached: hasGroup,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    };
    const child = spawn(line, options);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => (hasGroup ? process.kill(-child.pid, signal) : child.kill(signal)));
    }
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.on('close', (code, signal) => {
      const failure = code === 0 ? undefined : (signal ?? `exit code ${code}`);
      resolve({ failure, output: Buffer.concat(chunks).toString() });
    });
  });
}

/** The pinned Node is one of the packages, for the platforms that the registry has one for. */
function requireNode() {
  const bin = join(modules, '.bin');
  if (existsSync(bin) && readdirSync(bin).some((file) => /^node(\.|$)/.test(file))) return;
  const { optionalDependencies } = JSON.parse(read(join(root, 'package.json')));
  const [pinned] = Object.values(optionalDependencies);
  if (Number.parseInt(process.versions.node, 10) >= Number.parseInt(pinned, 10)) return;
  process.stderr.write(
    `The npm registry has no Node ${pinned} for ${process.platform} ${process.arch}; install that Node, and start again.\n`,
  );
  process.exit(1);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
