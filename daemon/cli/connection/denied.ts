import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { groupText, userText } from '../../lib/files/owners.ts';

const ENTER_BY_GROUP = 0o010;
const CONNECT_BY_GROUP = 0o020;

/** Reason why this user may not use a file or socket: the part of its path that is closed to it, and the group to join. */
export async function deniedText(file: string): Promise<string> {
  const closed = await closedPart(file);
  const found = await stat(closed).catch(() => undefined);
  if (found === undefined) return 'permission denied';
  const [owner, group] = await Promise.all([userText(found.uid), groupText(found.gid)]);
  const forGroup = closed === file ? CONNECT_BY_GROUP : ENTER_BY_GROUP;
  const others = `run this as ${owner} or as root`;
  return (found.mode & forGroup) !== 0
    ? `permission denied: ${closed} is open to the group \`${group}\`; join group ${group} (\`sudo usermod -aG ${group} $USER\`, then log in again), or ${others}`
    : `permission denied: only ${owner} may enter ${closed}; ${others}, or set \`daemon.socket_group\` and \`daemon.socket\` to a folder that the group may enter`;
}

/** Deepest part of a path that this user can see: the part below it is closed, or the path itself may not be used. */
async function closedPart(file: string): Promise<string> {
  for (let part = file; ; part = path.dirname(part)) {
    if (part === path.dirname(part)) return part;
    const isSeen = await access(part).then(
      () => true,
      () => false,
    );
    if (isSeen) return part;
  }
}
