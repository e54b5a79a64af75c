/** Writes that every database does in one transaction, with their numbers of parameters. `rows.ts` and its neighbours give the parameters. */
export const WRITE_PARAMETERS = {
  event: 6,
  eventName: 3,
  eventDelivery: 2,
  delivery: 8,
  triedDelivery: 9,
  deliveryName: 2,
  delivered: 3,
  settle: 6,
  resolveDead: 4,
  exchange: 2,
  /** After a delivery has become dead or cancelled, or a dead one was delivered. */
  endedOtherwise: 1,
  lastUse: 3,
  due: 2,
  delay: 2,
  state: 6,
  stateDelete: 3,
  statesDeleteExpired: 1,
  checkpoint: 3,
  checkpointDelete: 2,
  request: 4,
  fact: 2,
} as const;

/** Writes that read something first, with their numbers of parameters. */
export const PROCEDURE_PARAMETERS = {
  eventFollowUp: 6,
  push: 6,
  pushAck: 3,
  pushCursor: 2,
  pushCursors: 1,
  pushTrim: 1,
} as const;

export type ProcedureName = keyof typeof PROCEDURE_PARAMETERS;
export type WriteName = keyof typeof WRITE_PARAMETERS | ProcedureName;

/** Queries that every database answers, with the same columns. */
export type ReadName =
  | 'eventAt'
  | 'eventsNamed'
  | 'eventsOfSource'
  | 'eventsBefore'
  | 'deliveryAt'
  | 'deliveryNamed'
  | 'deliveriesIn'
  | 'eventOf'
  | 'exchange'
  | 'checkpoints'
  | 'checkpointValue'
  | 'request'
  | 'pushesSince';
