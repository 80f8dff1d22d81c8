import { goQuote } from '../../apimachinery/go-quote.ts';
import { badRequest } from '../../apimachinery/status-error.ts';
import type { UserInfo } from '../authentication/authenticator.ts';
import { HeaderView } from '../authentication/header-view.ts';
import { hasHeader } from '../authentication/identity-headers.ts';
import { percentDecode } from '../query.ts';

const USER = 'impersonate-user';
const UID = 'impersonate-uid';
const GROUP = 'impersonate-group';
const EXTRA_PREFIX = 'impersonate-extra-';

/** Whether a header, its name in lower case, is one of those that ask to act as somebody else. */
export function isImpersonationHeader(name: string): boolean {
  return name === USER || name === UID || name === GROUP || name.startsWith(EXTRA_PREFIX);
}

/**
 * Whom the headers ask to act as, nothing added yet; undefined when they ask for nobody.
 * @throws StatusError 400 for parts of an identity without a name (contract 7.4).
 */
export function wantedUser(rawHeaders: readonly string[]): UserInfo | undefined {
  if (!hasHeader(rawHeaders, isImpersonationHeader)) return undefined;
  const headers = new HeaderView(rawHeaders);
  const name = headers.get(USER) ?? '';
  const uid = headers.get(UID) ?? '';
  const groups = headers.values(GROUP);
  const extra = extraOf(headers);
  if (name !== '') return { name, uid, groups, extra };
  if (uid === '' && groups.length === 0 && extra.size === 0) return undefined;
  const wanted = describe({ name, uid, groups, extra });
  throw badRequest(`requested ${wanted} without impersonating a user name`);
}

/** A key that cannot be decoded is taken as it stands. */
function extraOf(headers: HeaderView): ReadonlyMap<string, readonly string[]> {
  const lines = headers.withPrefix(EXTRA_PREFIX);
  const byKey = Map.groupBy(lines, ({ rest }) => percentDecode(rest) ?? rest);
  return new Map([...byKey].map(([key, group]) => [key, group.map(({ value }) => value)]));
}

/** As Go's %#v of user.DefaultInfo, which upstream shows to the client. */
function describe({ name, uid, groups, extra }: UserInfo): string {
  const list = (values: readonly string[]): string =>
    values.length === 0 ? '[]string(nil)' : `[]string{${values.map(goQuote).join(', ')}}`;
  const entries = [...extra].map(([key, values]) => `${goQuote(key)}:${list(values)}`);
  const map = entries.length === 0 ? '(nil)' : `{${entries.sort().join(', ')}}`;
  return `&user.DefaultInfo{Name:${goQuote(name)}, UID:${goQuote(uid)}, Groups:${list(groups)}, Extra:map[string][]string${map}}`;
}
