export * from '../../daemon/channels/testing/http-destination.ts';
