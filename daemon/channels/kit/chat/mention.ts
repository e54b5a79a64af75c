import { isBroadcastMention } from '../../../core/message/broadcast.ts';
import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';

/** People to mention. */
export interface Mentions {
  readonly all: boolean;
  readonly mobiles: readonly string[];
  readonly users: readonly string[];
}

export const mentionSetting = (doc: { readonly description: string; readonly examples: readonly unknown[] }) =>
  Type.Optional(
    oneOrMany(
      Type.String({
        description: '`all`, a mobile number, or a user id. Put `user:` or `mobile:` before it if it could be either.',
        examples: ['all', '13800138000', 'zhangsan'],
      }),
      doc,
    ),
  );

/** A phone number without the spaces, hyphens, dots and brackets that people write. */
const PHONE = /^\+?\d{6,15}$/;
const PHONE_MARKS = /[\s().-]/g;
const LOOKS_LIKE_PHONE = /^\+?[\d\s().-]+$/;
/** Id of a user at any provider: no markup, no spaces, nothing that could end a tag. */
const ID = /^[\w.@:=+-]{1,255}$/;
/** Id of a user at a provider that does not say more. */
const SHORT_ID = /^[\w.@-]{1,64}$/;

type Mention =
  | { readonly kind: 'all' }
  | { readonly kind: 'mobile'; readonly name: string }
  | { readonly kind: 'user'; readonly name: string };

/** Reads one name; undefined if it is invalid, since it could contain markup. */
function readMention(written: string): Mention | undefined {
  const [, kind, name = ''] = /^@?(?:(user|mobile):)?(.*)$/s.exec(written.trim()) ?? [];
  // Some providers would take a user with this name for everybody.
  if (isBroadcastMention(name)) return kind === undefined ? { kind: 'all' } : undefined;
  const phone = LOOKS_LIKE_PHONE.test(name) ? name.replace(PHONE_MARKS, '') : name;
  if (kind !== 'user' && PHONE.test(phone)) return { kind: 'mobile', name: phone.replace(/^\+86/, '') };
  return kind !== 'mobile' && ID.test(name) ? { kind: 'user', name } : undefined;
}

export interface MentionFault {
  readonly message: string;
  readonly mend: string;
}

export type MentionFaultOf = (written: string) => MentionFault | undefined;

/** Fault of a name that would mention nobody. */
export const mentionFault: MentionFaultOf = (written) => {
  const mention = readMention(written);
  if (mention?.kind === 'all' || (mention !== undefined && SHORT_ID.test(mention.name))) return undefined;
  return {
    message: 'this is neither `all`, a mobile number nor a user id',
    mend: 'write a mobile number in digits, a user id in letters, digits, `_`, `.`, `@` and `-`, or `all`',
  };
};

/** The same for a provider that cannot mention by mobile numbers. */
export const mentionFaultWithoutMobiles: MentionFaultOf = (written) =>
  readMention(written)?.kind === 'mobile'
    ? {
        message: 'nobody can be mentioned by a mobile number here',
        mend: 'give the open id, or write `user:` before a user id of digits',
      }
    : mentionFault(written);

/** The same for a provider whose ids have the form `id`. */
export const mentionFaultUnless =
  (id: RegExp, form: string): MentionFaultOf =>
  (written) => {
    const mention = readMention(written);
    return mention?.kind === 'all' || (mention !== undefined && id.test(mention.name))
      ? undefined
      : { message: 'this mentions nobody', mend: `write ${form}, or \`all\`` };
  };

/** Problems of the entries in the settings. */
export function checkMentions(written: readonly string[] | undefined, faultOf = mentionFault) {
  return (written ?? []).flatMap((one, index) => {
    const fault = faultOf(one);
    return fault === undefined ? [] : [{ pointer: `/mention/${index}`, ...fault }];
  });
}

/** Sorts mentions by kind. Invalid names are left out, since they would be written into markup. */
export function readMentions(written: readonly string[]): Mentions {
  const mobiles = new Set<string>();
  const users = new Set<string>();
  let all = false;
  for (const mention of written.map(readMention)) {
    if (mention?.kind === 'all') all = true;
    else if (mention?.kind === 'mobile') mobiles.add(mention.name);
    else if (mention?.kind === 'user') users.add(mention.name);
  }
  return { all, mobiles: [...mobiles], users: [...users] };
}

/** Mentions in the form that the provider reads in a text, separated by spaces. */
export const mentionText = (
  { all, mobiles, users }: Mentions,
  forms: { readonly user: (name: string) => string; readonly all: string },
): string => [...[...users, ...mobiles].map(forms.user), ...(all ? [forms.all] : [])].join(' ');

export const mentionsNobody = ({ all, mobiles, users }: Mentions): boolean =>
  !all && mobiles.length === 0 && users.length === 0;
