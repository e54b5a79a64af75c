import { oneOrMany } from '../core/schema/fields.ts';
import { Type } from '../core/schema/type.ts';

/** Who is called by name. */
export interface Mentions {
  readonly all: boolean;
  readonly mobiles: readonly string[];
  readonly users: readonly string[];
}

export const mentionSetting = (doc: { readonly description: string; readonly examples: readonly unknown[] }) =>
  Type.Optional(
    oneOrMany(
      Type.String({
        description:
          '`all`, a mobile number, or a user id; `user:` or `mobile:` in front where it could be taken for the other.',
        examples: ['all', '13800138000', 'zhangsan'],
      }),
      doc,
    ),
  );

const PHONE = /^\+?\d{6,15}$/;
/** Ids of all three providers: no markup, no spaces, nothing that could end a tag. */
const ID = /^[\w.@-]{1,64}$/;

/** Sorts mentions by kind; what is none of them is left out, since it would stand in markup. */
export function readMentions(...lists: readonly (readonly string[] | undefined)[]): Mentions {
  const mobiles = new Set<string>();
  const users = new Set<string>();
  let all = false;
  for (const written of lists.flatMap((list) => list ?? [])) {
    const [, kind, name = ''] = /^@?(?:(user|mobile):)?(.*)$/.exec(written.trim()) ?? [];
    if (kind === undefined && /^(?:all|everyone|所有人)$/i.test(name)) all = true;
    else if (kind !== 'user' && PHONE.test(name)) mobiles.add(name.replace(/^\+86/, ''));
    else if (kind !== 'mobile' && ID.test(name)) users.add(name);
  }
  return { all, mobiles: [...mobiles], users: [...users] };
}

export const mentionsNobody = ({ all, mobiles, users }: Mentions): boolean =>
  !all && mobiles.length === 0 && users.length === 0;
