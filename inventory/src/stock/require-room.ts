import { AppError } from '@doorstep/kit/errors.ts';
import { quantityMax } from '../item.ts';

type Room = { quantity: number; max_quantity: number | null };

/**
 * A lowered limit or a cancelled package can leave a stock above its limit; such a stock may fall but not rise.
 * @throws AppError `conflict` if the stock would be below zero or above its limit.
 */
export function requireRoom({ quantity, max_quantity }: Room, after: number): void {
  if (after < 0) {
    throw new AppError(
      'conflict',
      `Insufficient quantity in stock: ${quantity} available, ${quantity - after} requested`,
    );
  }
  const max = max_quantity ?? quantityMax;
  if (after > max && after > quantity) {
    throw new AppError('conflict', `The stock would be ${after}, but the maximum is ${max}`);
  }
}
