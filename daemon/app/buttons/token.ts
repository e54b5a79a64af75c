import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ButtonChange, ButtonVerb } from '../../core/message/alert-button.ts';

/** Content of the token of a button. */
export interface ButtonClaim {
  /** Id of the delivery. */
  readonly delivery: string;
  readonly change: ButtonChange;
}

/** Signs the tokens of buttons, and checks them. */
export interface ButtonTokens {
  /** Undefined for a delivery whose id is no UUID, such as one that was added to the dead-letter file by hand. */
  sign(claim: ButtonClaim): string | undefined;
  /** Undefined when the token was not signed with this key, or was changed. */
  read(token: string): ButtonClaim | undefined;
}

/** Verbs by the number that stands for them in a token. A number is never used for another verb. */
const VERBS: readonly ButtonVerb[] = ['ack', 'silence', 'resolve'];
const ID_BYTES = 16;
const CLAIM_BYTES = ID_BYTES + 5;
const MAC_BYTES = 16;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Characters of base64url without padding. */
const TOKEN_CHARS = Math.ceil(((CLAIM_BYTES + MAC_BYTES) * 4) / 3);
const TOKEN = new RegExp(`^[A-Za-z0-9_-]{${TOKEN_CHARS}}$`);

/**
 * Token: id of the delivery (16 bytes), verb (1), seconds of a silence (4), HMAC-SHA-256 (16), in base64url. It is bound to the
 * delivery, and by it to the channel, the rule and the key. Its 50 characters fit into `callback_data` of Telegram, which has 64 bytes.
 */
export function buttonTokens(key: Buffer): ButtonTokens {
  const macOf = (claim: Buffer): Buffer => createHmac('sha256', key).update(claim).digest().subarray(0, MAC_BYTES);
  return {
    sign({ delivery, change }) {
      if (!UUID.test(delivery)) return undefined;
      const claim = Buffer.alloc(CLAIM_BYTES);
      claim.write(delivery.replaceAll('-', ''), 'hex');
      claim.writeUInt8(VERBS.indexOf(change.verb), ID_BYTES);
      claim.writeUInt32BE(change.verb === 'silence' ? change.ms / 1000 : 0, ID_BYTES + 1);
      return Buffer.concat([claim, macOf(claim)]).toString('base64url');
    },
    read(token) {
      if (!TOKEN.test(token)) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      const claim = bytes.subarray(0, CLAIM_BYTES);
      if (!timingSafeEqual(bytes.subarray(CLAIM_BYTES), macOf(claim))) return undefined;
      const hex = claim.toString('hex', 0, ID_BYTES);
      const verb = VERBS[claim.readUInt8(ID_BYTES)]!;
      const ms = claim.readUInt32BE(ID_BYTES + 1) * 1000;
      return {
        delivery: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
        change: verb === 'silence' ? { verb, ms } : { verb },
      };
    },
  };
}
