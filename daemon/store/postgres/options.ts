import type { Clock } from '../../lib/time/clock.ts';
import type { MemberDetails } from './members/membership.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Name of the schema: a plain identifier. */
  readonly schema: string;
  /** Connections for statements; one more listens. */
  readonly connections: number;
  readonly instance: string;
  /** Whether a commit waits for the disk of the server. */
  readonly synchronous: boolean;
  readonly clock: Clock;
  readonly isAlive: (pid: number) => boolean;
  /** Facts about this instance for the others. */
  readonly details: () => MemberDetails;
  /** Called when PostgreSQL cannot be reached, and with undefined when it can again. */
  readonly onOutage?: (reason: string | undefined) => void;
  /** Characters of memory for deliveries that were just committed. */
  readonly deliveryCache?: number;
}
