/** A browser that takes Web Push messages for a user. https://www.w3.org/TR/push-api/#push-subscription */
export interface WebPushSubscription {
  /** URL of the push service of the browser. It is a credential, so it is never shown. */
  readonly endpoint: string;
  /** Public key of the browser: an uncompressed point on P-256, 65 bytes in base64url. */
  readonly p256dh: string;
  /** Authentication secret of the browser: 16 bytes in base64url. */
  readonly auth: string;
  /** Address of the page that subscribed; a message without a link opens it. */
  readonly page: string;
  /** Time of the subscription, milliseconds since the epoch. */
  readonly at: number;
}

/** Key pair by which push services recognize this daemon (VAPID, RFC 8292), base64url. */
export interface VapidKeys {
  /** Uncompressed point, 65 bytes. */
  readonly publicKey: string;
  /** Scalar, 32 bytes. */
  readonly privateKey: string;
}
