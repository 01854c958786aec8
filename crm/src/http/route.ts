import { defineRoute } from '@doorstep/kit/http/route.ts';
import type { CrmContext } from '../context.ts';

export const route = defineRoute<CrmContext>();
