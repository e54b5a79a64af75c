export * from '../../daemon/channels/plugins/testing/http-destination.ts';
