import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine that is not the loopback; a client that connects to it has the same address. */
export const ownAddress: string | undefined = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
