/**
 * Messages for WebSocket users, in one sequence for all users. A user gets the pushes addressed to the user or to `*`, and
 * acknowledges them by their numbers. Numbers rise and are never used again while `epoch` stays the same.
 */
export interface PushStore {
  /** Id of the sequence; another one after the state directory was lost, so that a client's old `seq` is not trusted. */
  readonly epoch: string;
  /** Adds a push and resolves to its number; the same delivery again resolves to the first number and changes nothing. */
  append(push: {
    delivery: string;
    /** User names; `*` is every user. */
    to: readonly string[];
    /** Whether any one user or all named users have to acknowledge the push. */
    require: 'any' | 'all';
    /** Message as JSON. */
    frame: string;
    at: number;
    keepUntil: number;
  }): Promise<number>;
  /** Unexpired pushes for a user after `seq`, oldest first. */
  since(user: string, seq: number, options: { limit: number; now: number }): Promise<readonly PushedFrame[]>;
  /** Same result as `since`, from memory; undefined when memory does not go back that far. */
  cached(user: string, seq: number, options: { limit: number; now: number }): readonly PushedFrame[] | undefined;
  /** Highest number that a user acknowledged. A new user starts before the oldest push that nobody has acknowledged, and is stored. */
  cursor(user: string, now: number): Promise<number>;
  /**
   * Acknowledges all pushes of a user up to `seq`; a number above `head` counts as `head`. Resolves to the deliveries that are
   * complete by it: with `any` at the first acknowledgement, with `all` at the last one.
   */
  ack(user: string, seq: number, now: number): Promise<readonly string[]>;
  /**
   * Same as `ack`, but the user's cursor may be written up to half a second later when no delivery is complete by it. A crash
   * before that makes the user get these pushes once more.
   */
  ackDeferred(user: string, seq: number, now: number): Promise<readonly string[]>;
  /** Called when a push has become visible in `cached`, also one of another instance. */
  onAppended(listener: (to: readonly string[]) => void): void;
  /** Highest number given out; 0 before the first. From memory. */
  head(): number;
  /** Deletes pushes that have expired. */
  trim(now: number): Promise<void>;
}

export interface PushedFrame {
  readonly seq: number;
  /** Message as JSON. */
  readonly frame: string;
}
