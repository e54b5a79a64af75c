export { decodeSettings, readSettings } from '../../daemon/channels/plugins/testing/settings.ts';
