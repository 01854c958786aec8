import type { BeforePost } from './before-post.ts';
import type { DeliveryState } from './delivery.ts';

/** A delivery in the ledger. */
export type DeliveryRow = {
  /** The id of the customer, or a number above 2^52 if the id is text. */
  customer_id: number;
  /** The id of the customer if it is text. */
  customer_key: string | null;
  customer_name: string;
  customer_created_at: string | null;
  state: DeliveryState;
  attempts: number;
  /** Posts that went out, quick retries included; an interrupted attempt counts as one. */
  posts: number;
  waits_used: number;
  /** When the next attempt is due; null if there is none. */
  due_at: string | null;
  /** When the attempt under way began. A claim that outlives its process was interrupted. */
  claimed_at: string | null;
  before_post: BeforePost;
  /** When the answer to a post was lost; null if no post is in doubt. */
  doubt_at: string | null;
  /** When the CRM last showed the customer. */
  read_at: string | null;
  /** Why the Inventory has refused the record; null if it has not. */
  refusal: string | null;
  /** JSON, because another Inventory may use other ids than numbers. */
  package_id: string | null;
  /** When a person said that this is its package, whatever name it bears. */
  settled_at: string | null;
  error: string | null;
  /** 1: the CRM does not know the result yet; 2: it does not know how many posts have failed so far. */
  report_pending: 0 | 1 | 2;
  recorded_at: string;
  waiting_since: string | null;
  updated_at: string;
};
