import type { OnCall } from '@doorstep/kit/client/http-client.ts';
import { beginCall } from '../calls.ts';
import { crmReasonOf } from './crm-client.ts';
import { reasonOf } from './inventory-answers.ts';

/** For the client of the CRM: it records each call that is made during an attempt. */
export const recordCrmCall: OnCall = () => {
  const end = beginCall('read');
  return end && ((status, error) => end(status, error && crmReasonOf(error)));
};

/** The same for the client of the Inventory. */
export const recordInventoryCall: OnCall = (method) => {
  const end = beginCall(method === 'post' ? 'post' : 'look-up');
  return end && ((status, error) => end(status, error && reasonOf(error)));
};
