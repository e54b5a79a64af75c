export { decodeSettings, readSettings } from '../../daemon/channels/testing/settings.ts';
