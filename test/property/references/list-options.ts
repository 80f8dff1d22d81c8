import { readFieldSelector, readFieldTerms } from './field-selector.ts';
import { isInt64, readLabelSelector } from './label-selector.ts';
import { readQuery } from './url.ts';

/** The status of a list with these options before anything is listed, and whether it is a watch. */
export interface Verdict {
  readonly code: 200 | 400 | 422;
  readonly watch: boolean;
}

/**
 * The tables of contract.md 3.8 once more; what a token says is for others to judge. `text` is what stands
 * after the `?`.
 */
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
  const asked: Asked = {
    match: first('resourceVersionMatch') ?? '',
    version: first('resourceVersion') ?? '',
    initial: first('sendInitialEvents') !== undefined,
    isContinued: (first('continue') ?? '') !== '',
  };
  const contradicts = watch ? watchContradicts(asked) : listContradicts(asked);
  if (contradicts) return { code: 422, watch };
  return { code: readFieldSelector(fields) ? 200 : 400, watch };
}

/** Present, whatever it says, unless that is `false` or `0`. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}

interface Asked {
  readonly match: string;
  readonly version: string;
  readonly initial: boolean;
  readonly isContinued: boolean;
}

function listContradicts({ match, version, initial, isContinued }: Asked): boolean {
  if (initial) return true;
  switch (match) {
    case '':
      return false;
    case 'Exact':
      return version === '' || version === '0' || isContinued;
    case 'NotOlderThan':
      return version === '' || isContinued;
    default:
      return true;
  }
}

/** The one may not stand without the other; upstream adds both to a watch from no version. */
function watchContradicts({ match, version, initial, isContinued }: Asked): boolean {
  if (match === '' && !initial) return isContinued && (version === '' || version === '0');
  return match !== 'NotOlderThan' || !initial || isContinued;
}
