import { networkInterfaces } from 'node:os';

/** IPv4 address of this machine that is not of the loopback; a connection to it comes from it. */
export const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** Suffix for the titles of attacks that are skipped without it. */
export const needsNetwork = ownAddress === undefined ? ' (skipped: this machine has only the loopback)' : '';
