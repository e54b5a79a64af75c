import type { Row } from './row.ts';

export const files = [] as const satisfies readonly Row[];
