import { type StatusError, badRequest, forbidden } from '../apimachinery/status-error.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import type { UserInfo } from './authentication/authenticator.ts';
import type { HeaderView } from './authentication/header-view.ts';
import type { RequestInfo } from './request-info.ts';

/**
 * The answer to a request that wants to act as somebody else; undefined when it does not. Impersonation
 * is not built yet: such a request is refused, in the words that a caller without the right hears. To
 * ignore the headers would show the caller's own view as somebody else's; to believe them unchecked
 * would give away everything (contract 7.4). Stands between authentication and authorization.
 */
export function impersonationRefusal(
  user: UserInfo,
  headers: HeaderView,
  request: RequestInfo,
): StatusError | undefined {
  const name = headers.get('Impersonate-User') ?? '';
  const uid = headers.get('Impersonate-Uid') ?? '';
  const groups = headers.values('Impersonate-Group');
  const extra = headers.withPrefix('Impersonate-Extra-');
  if (name === '' && uid === '' && groups.length === 0 && extra.length === 0) return undefined;
  if (name === '') {
    return badRequest(
      `requested ${describe(uid, groups, extra)} without impersonating a user name`,
    );
  }
  const verb = `impersonate-on:user-info:${request.verb}`;
  return forbidden(user.name, { ...request, verb }, 'impersonation is not supported');
}

/** As Go's %#v of user.DefaultInfo, which upstream shows to the client. */
function describe(
  uid: string,
  groups: readonly string[],
  extra: readonly { rest: string; value: string }[],
): string {
  const list = (values: readonly string[]): string =>
    values.length === 0 ? '[]string(nil)' : `[]string{${values.map(goQuote).join(', ')}}`;
  const byKey = Map.groupBy(extra, ({ rest }) => rest);
  const entries = [...byKey].map(
    ([key, values]) => `${goQuote(key)}:${list(values.map(({ value }) => value))}`,
  );
  const map = byKey.size === 0 ? '(nil)' : `{${entries.sort().join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${list(groups)}, Extra:map[string][]string${map}}`;
}
