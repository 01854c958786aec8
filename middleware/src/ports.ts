import type {
  IntegrationResult,
  Outcome,
  PackageId,
  Progress,
  Retry,
  SeenCustomer,
  UnusableEntry,
} from './delivery.ts';

/** Where customers come from. */
export type CustomerSource = {
  /** How many customers are asked for at once, unless told otherwise. */
  pageSize: number;
  /** Customers in id order: those above `after`, or all there are, from a source that takes no parameters. */
  fetchPage(after: number, limit?: number): Promise<CustomerPage | NoPage>;
  /** Tells what became of packages, of at most 500 customers. Safe to repeat. */
  report(results: IntegrationResult[]): Promise<'accepted' | 'unsupported' | { reason: string }>;
  /** Tells how it went so far, of at most 500 customers. `refused`: it takes results alone. */
  reportProgress(progress: Progress[]): Promise<'accepted' | 'refused' | 'failed'>;
};

export type CustomerPage = {
  kind: 'page';
  customers: SeenCustomer[];
  more: boolean;
  /** How many entries the answer had. */
  length: number;
  /** Entries that name no customer, at most 1000. */
  unusable: UnusableEntry[];
};

/** `unreadable`: the source is there, but this page of it is broken, and another may not be. */
export type NoPage = { kind: 'unavailable' | 'unreadable'; reason: string };

/** Where packages are requested. What goes wrong there is an answer too; only a bug throws. */
export type PackageTarget = {
  create(request: PackageRequest, options: { quickRetries: boolean }): Promise<Answer>;
  /** How the request is posted, to be read by a person. */
  show(request: PackageRequest): string;
  /** Requests many at once, each judged by its own answer, in order. */
  createMany(requests: PackageRequest[]): Promise<GroupAnswer>;
  /**
   * Looks for the customer's package. `unknown`: the target cannot be asked, or shows something else than what it was
   * asked for. A list of everybody's packages is believed where it shows those of the witnesses, who have one.
   */
  find(customerId: number, witnesses?: number[]): Promise<Found | { kind: 'none' | 'unknown' } | Retry>;
  /**
   * Looks for the packages of many customers, at most 200. Where the answer does not show those of both witnesses, one
   * asked for first and one last, the target has not understood the question or has cut its answer short.
   */
  findMany(
    customerIds: number[],
    witnesses: [number, number],
  ): Promise<{ kind: 'found'; packages: Map<number, PackageId> } | { kind: 'unsupported' } | Retry>;
  /** Packages of our type in id order, after the one where the last page ended. */
  fetchPackages(after: number): Promise<PackagePage | { kind: 'unavailable'; reason: string }>;
};

type Found = { kind: 'found'; packageId: PackageId };

export type PackageRequest = { customerId: number; customerName: string; idempotencyKey: string };

/** `conflict`: there may be a package already, to be looked for; where there is none, it is `otherwise`. */
export type Answer = Outcome | { kind: 'conflict'; otherwise: Outcome };

export type GroupAnswer =
  | { kind: 'answers'; answers: Answer[] }
  /** There is no way to request many at once; `inDoubt`: some may have been made all the same. */
  | { kind: 'unsupported'; inDoubt: boolean; reason: string }
  /** Not this many, or not these, at once. */
  | { kind: 'refused'; inDoubt: boolean; reason: string }
  | Retry;

export type PackagePage = {
  kind: 'page';
  /** A package without a usable customer id is nobody's. */
  packages: { id: PackageId; customerId: number | undefined }[];
  /** Where to go on; undefined at the end. */
  next: number | undefined;
};

/** The daemon, as the command line sees it; undefined where none answers. */
export type Daemon = {
  status(): Promise<DaemonStatus | undefined>;
  poll(): Promise<PollAnswer | undefined>;
  /** Makes it poll, and take up what is due, without waiting for more than a few seconds. */
  wake(): Promise<void>;
};

export type PollAnswer = { outcome: 'found' | 'idle' | 'failed'; seen: number; reason?: string };

export type DaemonStatus = {
  breaker: 'closed' | 'open' | 'half-open';
  last_poll: (PollAnswer & { at: string }) | null;
};

/** May work the daemon, and nothing else. */
export const operatorRole = 'operator';
