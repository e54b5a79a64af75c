export { readTypeSettings } from '../../daemon/channels/plugins/testing/settings.ts';
