/** `belfry/channel`: what a channel type of one's own is made of. Its public types are in assets/channel.d.ts. */
export { duration, oneOrMany, secret, strict, template } from '../../core/schema/fields.ts';
export { Type } from '../../core/schema/type.ts';
export { SendFailure } from '../../core/problems/failure.ts';
export { defineChannel, supports } from '../channel.ts';
export { each, misconfigured, permanent, rateLimited, transient } from '../kit/http/answers.ts';
export { defineHttpChannel } from '../kit/http/define.ts';
export { key } from '../kit/http/settings.ts';
export { linkAddress } from '../kit/text/escape.ts';
export { COMMONMARK, fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
export { plainBody, plainTitle } from '../kit/text/plain.ts';
export { BYTES, CODE_POINTS, cutText, cutToBytes, UTF16 } from '../kit/text/text.ts';
