import { readFieldSelector, readFieldTerms } from './field-selector.ts';
import { isInt64, readLabelSelector } from './label-selector.ts';
import { readQuery } from './url.ts';

/** The status of a list with these options before anything is listed, and whether it is a watch. */
export interface Verdict {
  readonly code: 200 | 400 | 422;
  readonly watch: boolean;
}

/** The tables of contract.md 3.8 once more, `continue` apart. `text` is what stands after the `?`. */
export function judgeListOptions(text: string): Verdict {
  const query = readQuery(text);
  const first = (name: string): string | undefined => query.get(name)?.[0];
  const watch = isTrue(first('watch'));
  if (!['limit', 'timeoutSeconds'].every((name) => isInt64(first(name) ?? '0'))) {
    return { code: 400, watch };
  }
  const fields = first('fieldSelector') ?? '';
  if (!readLabelSelector(first('labelSelector') ?? '') || !readFieldTerms(fields)) {
    return { code: 400, watch };
  }
  const match = first('resourceVersionMatch') ?? '';
  const version = first('resourceVersion') ?? '';
  const initial = first('sendInitialEvents') !== undefined;
  const contradicts = watch
    ? watchContradicts(match, initial)
    : initial || listContradicts(match, version);
  if (contradicts) return { code: 422, watch };
  return { code: readFieldSelector(fields) ? 200 : 400, watch };
}

/** Present, whatever it says, unless that is `false` or `0`. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}

function listContradicts(match: string, version: string): boolean {
  switch (match) {
    case '':
      return false;
    case 'Exact':
      return version === '' || version === '0';
    case 'NotOlderThan':
      return version === '';
    default:
      return true;
  }
}

/** The one may not stand without the other. */
function watchContradicts(match: string, initial: boolean): boolean {
  return initial ? match !== 'NotOlderThan' : match !== '';
}
