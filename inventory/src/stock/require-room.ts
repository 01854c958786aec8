import { AppError } from '@doorstep/kit/errors.ts';
import { quantityMax } from '../item.ts';

type Room = { quantity: number; max_quantity: number | null };

/**
 * A stock above its limit, as a limit that was lowered or a package that was cancelled leaves it, may fall but not rise.
 * @throws AppError `conflict` where the stock would be below zero or above its limit.
 */
export function requireRoom({ quantity, max_quantity }: Room, after: number): void {
  if (after < 0) {
    throw new AppError('conflict', `The stock of ${quantity} is not enough to take ${quantity - after} from it`);
  }
  const max = max_quantity ?? quantityMax;
  if (after > max && after > quantity) {
    throw new AppError('conflict', `The stock would be ${after}, and it may be at most ${max}`);
  }
}
