/** The commands of another process. Each command imports only what it needs, so the process starts quickly. */
export type OtherProcessCommand =
  | { name: 'open'; url: string; migrations: string }
  | { name: 'lock'; url: string; schema: string }
  | { name: 'load-key'; dataDir: string };

/** A lock that nothing refers to may be collected, which closes its database and so releases it. */
const locks: unknown[] = [];

async function run(command: OtherProcessCommand): Promise<unknown> {
  if (command.name === 'open') {
    const { openDatabase } = await import('../src/database/open.ts');
    const { url, migrations } = command;
    const database = await openDatabase({ url, schema: 'notes', migrations, onError: () => undefined });
    return database.close();
  }
  if (command.name === 'lock') {
    const { takeOwnerLock } = await import('../src/work/owner-lock.ts');
    locks.push(await takeOwnerLock(command.url, command.schema, { refusal: 'Held' }));
    return undefined;
  }
  const { loadSecretKey } = await import('../src/auth/secret-key.ts');
  return loadSecretKey(undefined, command.dataDir);
}

process.on('message', async (command: OtherProcessCommand) => {
  try {
    process.send?.({ value: await run(command) });
  } catch (error) {
    process.send?.({ error: (error as Error).message });
  }
});
process.send?.('ready');
