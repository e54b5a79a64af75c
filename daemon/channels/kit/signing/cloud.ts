import { createHmac } from 'node:crypto';
import { sha256 } from '../../../lib/sha256.ts';

/** Signatures of the three cloud providers, which sign the same canonical form of a request and differ in the rest. */

/** Request to sign. The signature is valid for exactly these bytes. */
export interface CloudRequest {
  /** With a query in canonical form, if there is one. */
  readonly url: string;
  readonly contentType?: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();
const hmacChain = (key: string, texts: readonly string[]): Buffer =>
  texts.reduce<Buffer>(hmac, Buffer.from(key, 'utf8'));

interface Canonical {
  /** SHA-256 of the canonical request, in hex. */
  readonly hash: string;
  /** Names of the signed headers, separated by semicolons. */
  readonly names: string;
}

/** Canonical form of a POST: method, path, query, headers, their names, hash of the body. */
function canonical(url: string, headers: Readonly<Record<string, string>>, body: string): Canonical {
  const { pathname, search } = new URL(url);
  const entries = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const lines = entries.map(([name, value]) => `${name}:${value}\n`).join('');
  const names = entries.map(([name]) => name).join(';');
  return {
    hash: sha256(['POST', pathname, search.slice(1), lines, names, sha256(body)].join('\n')),
    names,
  };
}

/** Percent-encoding of RFC 3986, in which only letters, digits and `-._~` stay. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** Query in canonical form: sorted by name. */
export const canonicalQuery = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');

/** `2026-11-23T04:00:00Z` */
const isoSeconds = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`;

export interface AwsKey {
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Token of temporary credentials. */
  readonly sessionToken?: string;
}

/** Headers of a request to Amazon. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function awsHeaders(key: AwsKey, { url, contentType, body, now }: CloudRequest): Record<string, string> {
  const time = isoSeconds(now).replace(/[-:]/g, '');
  const headers = {
    ...(contentType !== undefined && { 'content-type': contentType }),
    'x-amz-date': time,
    ...(key.sessionToken !== undefined && { 'x-amz-security-token': key.sessionToken }),
  };
  const { hash, names } = canonical(url, { ...headers, host: new URL(url).host }, body);
  const steps = [time.slice(0, 8), key.region, key.service, 'aws4_request'];
  const scope = steps.join('/');
  const signature = hmac(
    hmacChain(`AWS4${key.secretAccessKey}`, steps),
    ['AWS4-HMAC-SHA256', time, scope, hash].join('\n'),
  ).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

export interface AliyunKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

export interface AliyunCall {
  readonly action: string;
  readonly version: string;
  /** Nonce: a text that no other request has. */
  readonly nonce: string;
}

/** Headers of a request to Alibaba Cloud, version 3. https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature */
export function aliyunHeaders(
  { accessKeyId, accessKeySecret }: AliyunKey,
  { action, version, nonce }: AliyunCall,
  { url, body, now }: CloudRequest,
): Record<string, string> {
  const headers = {
    'x-acs-action': action,
    'x-acs-content-sha256': sha256(body),
    'x-acs-date': isoSeconds(now),
    'x-acs-signature-nonce': nonce,
    'x-acs-version': version,
  };
  const { hash, names } = canonical(url, { ...headers, host: new URL(url).host }, body);
  const signature = hmac(accessKeySecret, `ACS3-HMAC-SHA256\n${hash}`).toString('hex');
  const authorization = `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${names},Signature=${signature}`;
  return { ...headers, authorization };
}

export interface TencentKey {
  readonly secretId: string;
  readonly secretKey: string;
  readonly service: string;
}

/** Headers of a request to Tencent Cloud. https://cloud.tencent.com/document/api/382/52072 */
export function tencentHeaders(
  { secretId, secretKey, service }: TencentKey,
  { url, contentType = '', body, now }: CloudRequest,
): Record<string, string> {
  const time = `${Math.floor(now / 1000)}`;
  const { hash, names } = canonical(url, { 'content-type': contentType, host: new URL(url).host }, body);
  const steps = [isoSeconds(now).slice(0, 10), service, 'tc3_request'];
  const scope = steps.join('/');
  const signature = hmac(
    hmacChain(`TC3${secretKey}`, steps),
    ['TC3-HMAC-SHA256', time, scope, hash].join('\n'),
  ).toString('hex');
  const authorization = `TC3-HMAC-SHA256 Credential=${secretId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { 'content-type': contentType, 'x-tc-timestamp': time, authorization };
}
