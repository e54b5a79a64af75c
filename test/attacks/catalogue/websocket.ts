import type { Row } from './row.ts';

export const websocket = [] as const satisfies readonly Row[];
