import type {
  Bears,
  CustomerKey,
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
  /**
   * Customers in id order: those above `after`, or all there are, from a source that takes no parameters. If an id is
   * text, they come in the order of the list: those after the one with the key `after`.
   */
  fetchPage(after: CustomerKey, limit?: number): Promise<CustomerPage | NoPage>;
  /** `first` and the pages after it as one page, of a source that ignores `after` but can be read on in another way. */
  fetchRest?(first: CustomerPage): Promise<CustomerPage | NoPage>;
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
  /** The last one in the order of a list with text ids. */
  lastListed?: CustomerKey;
  /** The numbers came in another order than theirs, so the page may not be the next one. */
  isOutOfOrder?: boolean;
  /** How many customers there are in all, if the source says so. */
  total?: number | undefined;
  /** What the answer itself says about further pages. */
  paging?: Paging;
  /**
   * Only if the source ignores `after`, or lists in another order than by id: whether these are all customers, or only
   * those that can be read.
   */
  extent?: 'whole' | 'part';
};

/** `next` is the address of the next page, and `number` the number of this one. */
type Paging = { saysMore: boolean; next: string | undefined; number: number | undefined };

/** `unreadable`: the source is there, but this page of it is broken, and another may not be. */
export type NoPage = { kind: 'unavailable' | 'unreadable'; reason: string };

/** Where packages are requested. What goes wrong there is an answer too; only a bug throws. */
export type PackageTarget = {
  /** Undefined while that cannot be found out: then a post in doubt waits, and is not given up. Never throws. */
  idempotency(): Promise<Idempotency | undefined>;
  create(request: PackageRequest, options: { quickRetries: boolean }): Promise<Answer>;
  /** How the request is posted, to be read by a person. */
  show(request: PackageRequest): string;
  /** Requests many at once, each judged by its own answer, in order. */
  createMany(requests: PackageRequest[]): Promise<GroupAnswer>;
  /**
   * Looks for the customer's package. `unknown`: the target cannot be asked, or shows something else than what it was
   * asked for; `forbidden`: not with this token. A list of everybody's packages is believed where it shows those of the witnesses, who have one.
   */
  find(
    customerId: CustomerKey,
    witnesses?: CustomerKey[],
  ): Promise<Found | { kind: 'none' | 'unknown' | 'forbidden' } | Retry>;
  /**
   * Looks for the packages of many customers, at most 200. Where the answer does not show those of both witnesses, one
   * asked for first and one last, the target has not understood the question or has cut its answer short.
   */
  findMany(
    customerIds: CustomerKey[],
    witnesses: [CustomerKey, CustomerKey],
  ): Promise<{ kind: 'found'; packages: Map<CustomerKey, FoundPackage> } | { kind: 'unsupported' } | Retry>;
  /** Packages of every type in id order, after the one where the last page ended. */
  fetchPackages(after: number): Promise<PackagePage | { kind: 'unavailable'; reason: string }>;
};

/** `permanent`: the target itself refuses a second package for ever, so a post in doubt can be repeated at once. */
export type Idempotency = 'permanent' | 'none';

export type FoundPackage = { packageId: PackageId; bears?: Bears };

type Found = FoundPackage & { kind: 'found' };

export type PackageRequest = { customerId: CustomerKey; customerName: string; idempotencyKey: string };

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
  packages: ListedPackage[];
  /** How many packages there are in all, if the target says so. */
  total?: number | undefined;
  /** There are more packages, but they cannot be read. */
  isPart?: boolean;
  /** Where to go on; undefined at the end. */
  next: number | undefined;
};

/** Questions to both neighbours that change nothing there. */
export type Probe = {
  urls: { crm: string; inventory: string };
  /** The first page of the CRM, with the fields of its first entry. */
  page(): Promise<{ page: CustomerPage | NoPage; fields: string[] }>;
  /** What the Inventory says about itself. */
  root(): Promise<ProbeAnswer & { idempotency: string | undefined }>;
  /** Whether the Inventory can be asked for the packages of a customer, and how many it lists. */
  packages(customerId: CustomerKey): Promise<ProbeAnswer & { packages: number | undefined }>;
  /** The request for a package, caught before it is sent. */
  request(request: PackageRequest): Promise<CaughtRequest | undefined>;
};

/** `reason`: the call failed, or its answer was not understood. */
type ProbeAnswer = { asked: string; status: number | undefined; reason: string | undefined };

/** Without secrets. */
export type CaughtRequest = { method: string; url: string; headers: Record<string, string>; body: unknown };

export type ListedPackage = {
  id: PackageId;
  /** Undefined without a usable customer id: the package is nobody's. */
  customerId: CustomerKey | undefined;
  /** It is for a customer of another source. */
  isOfOtherSource?: boolean;
  /** Its type, if that is not ours. */
  otherType?: string;
  bears?: Bears;
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
  crm_list: { seen: number; total: number | null; warning: string | null } | null;
};

/** May work the daemon, and nothing else. */
export const operatorRole = 'operator';
