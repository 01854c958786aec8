import { call } from '@doorstep/kit/test/call.ts';
import type { PackageStatus, WelcomePackage } from '../src/package.ts';
import { aPackage, postPackage, readMovements, readPackages } from './start.ts';

type Service = { url: string };

/** Creates a package of that type for a new customer. */
export async function makePackage(inventory: Service, packageType: string): Promise<WelcomePackage> {
  return (await postPackage(inventory, aPackage({ packageType }))).body;
}

/** Creates packages of that type, one after the other. */
export async function makePackages(inventory: Service, packageType: string, count: number): Promise<WelcomePackage[]> {
  const packages: WelcomePackage[] = [];
  while (packages.length < count) packages.push(await makePackage(inventory, packageType));
  return packages;
}

export async function readPackage(inventory: Service, id: number): Promise<WelcomePackage> {
  return (await call(inventory, `GET /packages/${id}`)).body;
}

/** In the order of the given packages. */
export async function statusesOf(inventory: Service, packages: { id: number }[]): Promise<PackageStatus[]> {
  const ids = packages.map(({ id }) => id);
  const read = await readPackages(inventory, undefined, Math.min(...ids) - 1);
  const statuses = new Map(read.map(({ id, status }) => [id, status]));
  return ids.map((id) => statuses.get(id) as PackageStatus);
}

export function changeStatus(inventory: Service, id: number, status: unknown) {
  return call(inventory, `PATCH /packages/${id}`, { body: { status } });
}

/** The items of a package. */
export async function contentOf(inventory: Service, id: number): Promise<{ item_id: number; quantity: number }[]> {
  return (await call(inventory, `GET /packages/${id}/items`)).body;
}

/** The packages that have taken an item, in that order. */
export async function takersOf(inventory: Service, itemId: number): Promise<(number | null)[]> {
  const movements = await readMovements(inventory, itemId);
  return movements.filter(({ reason }) => reason === 'packaged').map(({ package_id }) => package_id);
}
