import type { SourceFacts } from '../../sources/source.ts';
import type { StatusView } from '../views.ts';

/** A source of `GET /v1/sources`: its state, and what it knows about itself. */
export type SourceView = StatusView['sources'][number] & SourceFacts;
