import type { Row } from './row.ts';

export const socket = [] as const satisfies readonly Row[];
