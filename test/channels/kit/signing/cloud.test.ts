import { describe, expect, test } from 'vitest';
import {
  aliyunHeaders,
  awsHeaders,
  canonicalQuery,
  tencentHeaders,
} from '../../../../daemon/channels/kit/signing/cloud.ts';

const signatureOf = ({ authorization = '' }: Record<string, string>): string =>
  /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1] ?? authorization;

describe('a request to Amazon', () => {
  const example = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

  // The test suite of Amazon. https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
  test.each([
    ['post-vanilla', undefined, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('has the signature of Amazon in its example %s', (_, contentType, body, expected) => {
    const headers = awsHeaders(
      { ...example, region: 'us-east-1', service: 'service' },
      {
        url: 'https://example.amazonaws.com/',
        ...(contentType !== undefined && { contentType }),
        body,
        now: Date.UTC(2015, 7, 30, 12, 36),
      },
    );
    expect(signatureOf(headers)).toBe(expected);
  });

  // The signatures that botocore 1.43 makes.
  const now = Date.UTC(2026, 10, 23, 4);
  const sns = {
    url: 'https://sns.eu-west-1.amazonaws.com/',
    contentType: 'application/x-www-form-urlencoded; charset=utf-8',
    body: 'Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aalerts&Subject=Disk%20nearly%20full&Message=web-1%3A%2091%20%25%20used',
    now,
  };

  test('has the signature of the SDK, also with temporary credentials', () => {
    const key = { ...example, region: 'eu-west-1', service: 'sns' };
    expect(awsHeaders(key, sns)).toEqual({
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': '20261123T040000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0ee2b3a1f13be89886b2a93374f203951ebfa6bb7cbdb6a14f372f6cc58861f2',
    });
    const temporary = awsHeaders({ ...key, sessionToken: 'TOKENEXAMPLE' }, sns);
    expect(temporary['x-amz-security-token']).toBe('TOKENEXAMPLE');
    expect(signatureOf(temporary)).toBe('cde410fc603ace319039ad5af3cdd27cbbf813c02cc1b1c02bf8468b610ab943');
  });

  test('has the signature of the SDK for a request in JSON', () => {
    const headers = awsHeaders(
      { ...example, region: 'eu-west-1', service: 'ses' },
      {
        url: 'https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails',
        contentType: 'application/json',
        body: '{"FromEmailAddress":"bell@example.com","Destination":{"ToAddresses":["ops@example.org"]},"Content":{"Simple":{"Subject":{"Data":"Disk nearly full"},"Body":{"Text":{"Data":"web-1: 91 % used"}}}}}',
        now,
      },
    );
    expect(signatureOf(headers)).toBe('901a50859855179ab05aa98b7a0dfd9111250c6b7c92b655df496053fc4b7a59');
  });
});

describe('a request to Alibaba Cloud', () => {
  // https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
  test('has the signature of the provider in its example', () => {
    const query = canonicalQuery({
      RegionId: 'cn-shanghai',
      ImageId: 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd',
    });
    const headers = aliyunHeaders(
      { accessKeyId: 'YourAccessKeyId', accessKeySecret: 'YourAccessKeySecret' },
      { action: 'RunInstances', version: '2014-05-26', nonce: '3156853299f313e23d1673dc12e1703d' },
      { url: `https://ecs.cn-shanghai.aliyuncs.com/?${query}`, body: '', now: Date.UTC(2023, 9, 26, 10, 22, 32) },
    );
    expect(headers).toMatchObject({
      'x-acs-date': '2023-10-26T10:22:32Z',
      authorization:
        'ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
    });
  });

  test('encodes its query as RFC 3986 wants', () => {
    expect(canonicalQuery({ b: "磁 *'()!", a: '~-._' })).toBe('a=~-._&b=%E7%A3%81%20%2A%27%28%29%21');
  });
});

describe('a request to Tencent Cloud', () => {
  // https://cloud.tencent.com/document/api/213/30654
  test('has the signature of the provider in its example', () => {
    const headers = tencentHeaders(
      {
        secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
        secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
        service: 'cvm',
      },
      {
        url: 'https://cvm.tencentcloudapi.com/',
        contentType: 'application/json; charset=utf-8',
        body: String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
        now: 1_551_113_065_000,
      },
    );
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-tc-timestamp': '1551113065',
      authorization:
        'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
    });
  });
});
