/** Names of headers and parameters of requests that hold credentials. */

const HEADER = /authorization|cookie|token|jwt|signature|secret|password|credential|(?:api|subscription)-?key|^sign$/;
const PARAMETER = /token|jwt|signature|secret|password|passwd|credential|api_?key|^(?:key|sign|sig|auth|pass|pwd)$/i;

/** Takes a name in lower case. */
export const isCredentialHeader = (name: string): boolean => HEADER.test(name);

export const isCredentialParameter = (name: string): boolean => PARAMETER.test(name);
