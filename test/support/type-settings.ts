export { readTypeSettings } from '../../daemon/channels/testing/settings.ts';
