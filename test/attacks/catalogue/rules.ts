import type { Row } from './row.ts';

export const rules = [] as const satisfies readonly Row[];
