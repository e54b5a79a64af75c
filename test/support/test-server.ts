export * from '../../daemon/channels/plugins/testing/test-server.ts';
