/** A pause of deliveries. */
export type Pause = {
  since: string;
  /** `doorstep`: it has stopped by itself, before it does harm. */
  by: 'operator' | 'doorstep';
  reason: string | null;
};
