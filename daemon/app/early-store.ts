import { WarmEngine } from '../store/sqlite/engine/client.ts';

let begun: WarmEngine | undefined;

/** Begins the store's thread before the program is loaded that will take it: both take as long, and go at once. It keeps no process alive. */
export function beginStore(): void {
  begun ??= new WarmEngine();
}

/** The one that was begun, or another. Whoever takes it closes it. */
export function takeStore(): WarmEngine {
  const store = begun ?? new WarmEngine();
  begun = undefined;
  return store;
}
