import type { Curve } from '../line.ts';
import { matcher } from './matcher.ts';

/** In the order of the document. */
export const curves: readonly Curve[] = [matcher];
