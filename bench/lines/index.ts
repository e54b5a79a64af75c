import type { Line } from '../line.ts';
import { delivered } from './delivered.ts';
import { matcher } from './matcher.ts';

/** In the order of the table. */
export const lines: readonly Line[] = [delivered, matcher];
