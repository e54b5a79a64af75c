/** Names of sources, channels and hours: they become URLs, file names and labels. */
export const ENTRY_NAME = '^[A-Za-z0-9_.-]{1,100}$';
