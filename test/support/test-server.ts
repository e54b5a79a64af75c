export * from '../../daemon/channels/testing/test-server.ts';
