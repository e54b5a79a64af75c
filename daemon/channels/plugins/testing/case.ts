import type { Bench } from './bench.ts';
import type { Applies } from './contract.ts';

/** One case of the contract suite, for any test runner. */
export interface ContractCase {
  readonly name: string;
  /** Reason why the case does not apply. */
  readonly skip?: string;
  readonly run: () => Promise<void>;
}

/** Makers of cases; `onlyIf` makes a skipped case if it does not apply. */
export interface CaseMakers<A> {
  make(this: void, name: string, run: (bench: Bench<A>) => Promise<void>): ContractCase;
  onlyIf<T>(
    this: void,
    given: Applies<T>,
    name: string,
    run: (given: T, bench: Bench<A>) => Promise<void>,
  ): ContractCase;
}
