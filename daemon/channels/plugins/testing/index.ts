export { ATTACKS, type Attack, HOSTILE } from './attacks.ts';
export type { ContractCase } from './case.ts';
export { contractCases } from './cases.ts';
export type {
  ChannelContract,
  Destination,
  DocumentedRefusal,
  ExpectedFailure,
  NotApplicable,
  PartSample,
  ResponseKind,
} from './contract.ts';
export { type HttpDestinationOptions, openHttpDestination, PLAIN_HTTP_FAILURES } from './http-destination.ts';
export { channelTools, failureOfSending, sampleDelivery, sampleEvent, sampleIo, sampleMessage } from './samples.ts';
export { decodeSettings, readSettings } from './settings.ts';
export { openTestServer, type ReceivedRequest, type ServerAnswer, type TestServer } from './test-server.ts';
