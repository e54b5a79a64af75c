/**
 * The delivery protocol as a pure state machine of one delivery: what is durable, what the process remembers, what the receiver
 * got. `search.ts` tries every order of its actions; `real.test.ts` compares each action of the program with it.
 */

/** Answer of a receiver to one attempt. `lost`: it accepts the message, and the answer does not arrive. */
export const ANSWERS = ['ok', 'transient', 'permanent', 'lost'] as const;
export type Answer = (typeof ANSWERS)[number];

export interface State {
  /** State in the store. Durable. */
  readonly stored: 'pending' | 'delivered' | 'dead' | 'cancelled';
  /** Whether the dead-letter file has a record. Durable. */
  readonly inFile: boolean;
  /** Attempts that are stored and left the delivery pending. Durable. */
  readonly retries: number;
  /** Work of the lane on the delivery, in memory. */
  readonly lane: 'none' | 'accepted' | 'again' | 'refused' | 'appended';
  /** Work of a resend, in memory. */
  readonly resend: 'none' | 'waiting' | 'accepted' | 'failed' | 'resolved';
  /** Work of a drop, in memory. */
  readonly drop: 'none' | 'begun' | 'cancelled';
  /** Whether the start has finished what a crash left; no attempt begins before. */
  readonly isUp: boolean;
  /** Times that the receiver accepted the message. */
  readonly accepted: number;
  /** Times that it may have accepted it without the daemon knowing: a crash before the outcome was stored, a lost answer. */
  readonly unknown: number;
  /** Attempts of the lane while there is a record, and attempts of a resend after a drop. */
  readonly forbidden: number;
}

export const FIRST: State = {
  stored: 'pending',
  inFile: false,
  retries: 0,
  lane: 'none',
  resend: 'none',
  drop: 'none',
  isUp: true,
  accepted: 0,
  unknown: 0,
  forbidden: 0,
};

/** Retries of the channel's policy. */
export const MAX_RETRIES = 1;

export type Action =
  | { readonly kind: 'send' | 'resend'; readonly answer: Answer }
  | { readonly kind: 'settle'; readonly to: State['stored'] }
  | {
      readonly kind:
        | 'append'
        | 'begin'
        | 'resolve'
        | 'withdraw'
        | 'cancel'
        | 'remove'
        | 'note'
        | 'crash'
        | 'finish'
        | 'clean'
        | 'up';
    };

/** Wrong protocols that the search must find: each breaks one rule of the order of writes. */
export type Mistake =
  | 'settles dead before the record is in the file'
  | 'removes the record before the store knows that it was sent'
  | 'sends what has a record at the start'
  | 'keeps the record of what was sent at the start'
  | 'resends a record twice at once'
  | 'drops a record that a resend has';

/** State after an action; undefined: the protocol does not allow it. */
export function next(state: State, action: Action, mistake?: Mistake): State | undefined {
  const { stored, inFile, lane, resend, isUp } = state;
  const when = (isAllowed: boolean, change: Partial<State>): State | undefined =>
    isAllowed ? { ...state, ...change } : undefined;
  switch (action.kind) {
    case 'send':
      return when(isUp && stored === 'pending' && lane === 'none', laneAfter(state, action.answer));
    case 'append':
      return when(lane === 'refused', { inFile: true, lane: 'appended' });
    case 'settle':
      return settled(state, action.to, mistake);
    case 'begin':
      return when(
        isUp &&
          inFile &&
          stored === 'dead' &&
          state.drop === 'none' &&
          (resend === 'none' || mistake === 'resends a record twice at once'),
        { resend: 'waiting' },
      );
    case 'resend':
      return when(resend === 'waiting', resendAfter(state, action.answer));
    case 'resolve':
      return when(resend === 'accepted', { resend: 'resolved', stored: stored === 'dead' ? 'delivered' : stored });
    case 'note':
      return when(resend === 'failed', { resend: 'none' });
    case 'withdraw':
      return when(inFile && (resend === 'none' || mistake === 'drops a record that a resend has'), {
        stored: stored === 'pending' ? 'cancelled' : stored,
        drop: 'begun',
      });
    case 'cancel':
      return when(state.drop === 'begun', { stored: stored === 'dead' ? 'cancelled' : stored, drop: 'cancelled' });
    case 'remove':
      if (mistake === 'removes the record before the store knows that it was sent')
        return when(resend === 'accepted', { inFile: false });
      return when(resend === 'resolved' || state.drop === 'cancelled', {
        inFile: false,
        ...(resend === 'resolved' ? { resend: 'none' } : { drop: 'none' }),
      });
    case 'crash':
      return crashed(state);
    case 'finish':
      // A record that was dropped meanwhile changes nothing.
      return when(!isUp && (inFile || stored !== 'pending'), {
        stored: stored === 'pending' ? 'dead' : stored,
      });
    case 'clean':
      return when(!isUp && inFile && (stored === 'delivered' || stored === 'cancelled'), { inFile: false });
    case 'up':
      return when(!isUp && (isFinished(state) || isSkipped(state, mistake)), { isUp: true });
  }
}

/** A record of what was dropped may still be on its way out of the file. */
const isFinished = ({ inFile, stored, drop }: State): boolean => !inFile || stored === 'dead' || drop !== 'none';

const isSkipped = ({ stored }: State, mistake: Mistake | undefined): boolean =>
  (mistake === 'sends what has a record at the start' && stored === 'pending') ||
  (mistake === 'keeps the record of what was sent at the start' && stored !== 'pending');

const arrives = (answer: Answer): number => (answer === 'ok' || answer === 'lost' ? 1 : 0);
const isLost = (answer: Answer): number => (answer === 'lost' ? 1 : 0);

function laneAfter({ accepted, unknown, retries, inFile, forbidden }: State, answer: Answer): Partial<State> {
  const isLast = answer === 'permanent' || answer === 'lost' || retries >= MAX_RETRIES;
  return {
    lane: answer === 'ok' ? 'accepted' : isLast ? 'refused' : 'again',
    accepted: accepted + arrives(answer),
    unknown: unknown + isLost(answer),
    forbidden: forbidden + (inFile ? 1 : 0),
  };
}

const resendAfter = ({ accepted, unknown, stored, forbidden }: State, answer: Answer): Partial<State> => ({
  forbidden: forbidden + (stored === 'cancelled' ? 1 : 0),
  resend: answer === 'ok' ? 'accepted' : 'failed',
  accepted: accepted + arrives(answer),
  unknown: unknown + isLost(answer),
});

function settled(state: State, to: State['stored'], mistake: Mistake | undefined): State | undefined {
  const { lane, retries } = state;
  if (lane === 'accepted' && to === 'delivered') return { ...state, stored: to, lane: 'none' };
  if (lane === 'again' && to === 'pending') return { ...state, retries: retries + 1, lane: 'none' };
  // A record that was dropped before its delivery had left the queue.
  if (lane === 'appended' && to === 'dead')
    return { ...state, stored: state.stored === 'cancelled' ? 'cancelled' : to, lane: 'none' };
  if (mistake === 'settles dead before the record is in the file' && lane === 'refused' && to === 'dead')
    return { ...state, stored: to };
  return undefined;
}

/** The process forgets everything; what the receiver had accepted and the store does not have may be sent again. */
function crashed(state: State): State {
  const open = (state.lane === 'accepted' ? 1 : 0) + (state.resend === 'accepted' ? 1 : 0);
  return { ...state, lane: 'none', resend: 'none', drop: 'none', isUp: false, unknown: state.unknown + open };
}

/** Broken promises in a state. */
export function broken(state: State): readonly string[] {
  const { stored, inFile, accepted, unknown, resend, forbidden } = state;
  const atRest = state.isUp && state.lane === 'none' && resend === 'none' && state.drop === 'none';
  return RULES.filter(([, holds]) => !holds(state, atRest)).map(
    ([name]) => `${name}: ${JSON.stringify({ stored, inFile, accepted, unknown, resend, forbidden })}`,
  );
}

const RULES: readonly (readonly [string, (state: State, atRest: boolean) => boolean])[] = [
  ['a dead delivery has a record in the file', ({ stored, inFile }) => stored !== 'dead' || inFile],
  ['a delivered message was accepted', ({ stored, accepted }) => stored !== 'delivered' || accepted > 0],
  [
    'a message arrives again only if it was unknown whether it had arrived',
    ({ accepted, unknown }) => accepted <= 1 + unknown,
  ],
  ['what has a record is not sent by itself, and what was dropped not at all', ({ forbidden }) => forbidden === 0],
  [
    'at rest, what was sent or dropped has no record',
    ({ stored, inFile }, atRest) => !atRest || !inFile || stored === 'dead',
  ],
];
