import { LRUCache } from 'lru-cache';
import { parseFieldTerms, refuseUnknownFields } from '../apimachinery/field-selector.ts';
import type { FieldSelector } from '../apimachinery/field-selector.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import { quoteJson } from '../apimachinery/json-text.ts';
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import type { LabelSelector } from '../apimachinery/label-selector.ts';
import { SelectorError } from '../apimachinery/selector-error.ts';
import { badRequest, invalid } from '../apimachinery/status-error.ts';
import type { StatusCause, StatusError } from '../apimachinery/status-error.ts';
import type { Query } from './query.ts';

/** What a list may be asked for; the rest of meta/v1 ListOptions is checked here and means nothing further. */
export interface ListOptions {
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
  readonly watch: boolean;
  /** Most items wanted at once; Infinity when all are. */
  readonly limit: number;
  /** The token that the page before carried; '' for the first page. */
  readonly continueToken: string;
  /** Not even looked at, except that it and a token exclude each other. */
  readonly resourceVersion: string;
}

const EVERYTHING = parseFieldTerms('');

/** Selectors that are remembered: autoscalers ask with the same few again and again. */
const MOST_KNOWN = 64;
const LONGEST_KNOWN = 256;
const known = new LRUCache<string, LabelSelector>({ max: MOST_KNOWN });

function labelsOf(text: string): LabelSelector {
  if (text.length > LONGEST_KNOWN) return parseLabelSelector(text);
  let selector = known.get(text);
  if (selector === undefined) known.set(text, (selector = parseLabelSelector(text)));
  return selector;
}

const SUPPORTED_FIELDS = ['metadata.name', 'metadata.namespace'];

/**
 * Reads and checks the options of a list, in upstream's order, so that of several mistakes the same one is
 * reported (apimachinery/pkg/apis/meta/internalversion; apiserver/pkg/endpoints/handlers/get.go).
 * @throws StatusError 400 for what cannot be read, 422 for what contradicts itself.
 */
export function parseListOptions(query: Query): ListOptions {
  const watch = isSet(query.get('watch'));
  parseInt64(query.get('timeoutSeconds'));
  const limit = parseInt64(query.get('limit'));
  const labelSelector = selectorOf(() => labelsOf(query.get('labelSelector') ?? ''));
  const fields = query.get('fieldSelector') ?? '';
  const fieldSelector = fields === '' ? EVERYTHING : selectorOf(() => parseFieldTerms(fields));
  const causes = watch ? watchContradictions(query) : listContradictions(query);
  if (causes.length > 0) throw invalid('meta.k8s.io', 'ListOptions', '', causes);
  selectorOf(() => {
    refuseUnknownFields(fieldSelector, SUPPORTED_FIELDS);
  });
  return {
    labelSelector,
    fieldSelector,
    watch,
    // Above 2^53 the rounding does not matter: so many items there never are.
    limit: limit > 0n ? Number(limit) : Number.POSITIVE_INFINITY,
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
  };
}

/** @throws StatusError 400: `export` was withdrawn, and silently ignoring it would lie. */
export function refuseExport(query: Query): void {
  if (isSet(query.get('export'))) {
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  }
}

/** `false` as Go's strings.EqualFold knows it, by simple folding: with the long s, too. */
const FALSE = /^(?:false|0)$/iu;

/** A boolean of Go's API machinery: present means true, unless it says `false` or `0`. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && !FALSE.test(value);
}

/** 0 when absent, but not when empty. @throws StatusError 400 with the text of Go's strconv. */
function parseInt64(text: string | undefined): bigint {
  if (text === undefined) return 0n;
  const [, sign = '', digits = '', rest = ''] = /^([+-]?)(\d*)(.*)$/s.exec(text) ?? [];
  const magnitude = BigInt(digits);
  // Go stops at the first digit too many for 64 bits, and at whatever is no digit: the first of them counts.
  const overflows = BigInt.asUintN(64, magnitude) !== magnitude;
  if (!overflows && (digits === '' || rest !== '')) throw unreadableInt64(text, 'invalid syntax');
  const number = sign === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, number) !== number) throw unreadableInt64(text, 'value out of range');
  return number;
}

function unreadableInt64(text: string, problem: string): StatusError {
  return badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${problem}`);
}

function selectorOf<Selector>(parse: () => Selector): Selector {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

const MATCH = 'resourceVersionMatch';

function listContradictions(query: Query): StatusCause[] {
  const match = query.get(MATCH) ?? '';
  const version = query.get('resourceVersion') ?? '';
  const causes: StatusCause[] = [];
  if (match !== '') {
    if (version === '') {
      causes.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`));
    }
    if (isContinued(query)) {
      causes.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      causes.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && version === '0') {
      causes.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (query.get('sendInitialEvents') !== undefined) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

function watchContradictions(query: Query): StatusCause[] {
  const match = query.get(MATCH) ?? '';
  const initialEvents = query.get('sendInitialEvents') !== undefined;
  const causes: StatusCause[] = [];
  if (initialEvents && match !== 'NotOlderThan') {
    const text = `sendInitialEvents requires setting ${MATCH} to NotOlderThan`;
    causes.push(forbidden(MATCH, text));
  }
  if (match !== '') {
    if (!initialEvents) {
      const text = `${MATCH} is forbidden for watch unless sendInitialEvents is provided`;
      causes.push(forbidden(MATCH, text));
    }
    if (match !== 'NotOlderThan') causes.push(notSupported(MATCH, match, ['NotOlderThan']));
  }
  if ((match !== '' || startsWithList(query)) && isContinued(query)) {
    causes.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`));
  }
  return causes;
}

/** Upstream takes a watch from no revision for one that asked for `NotOlderThan` (SetListOptionsDefaults). */
function startsWithList(query: Query): boolean {
  const version = query.get('resourceVersion') ?? '';
  return query.get('sendInitialEvents') === undefined && (version === '' || version === '0');
}

function isContinued(query: Query): boolean {
  return (query.get('continue') ?? '') !== '';
}

function forbidden(field: string, text: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${text}`, field };
}

/** The value is of a named type, which upstream writes as JSON and not as its other quoted texts. */
function notSupported(field: string, value: string, supported: readonly string[]): StatusCause {
  const known = supported.map(goQuote).join(', ');
  const message = `Unsupported value: ${quoteJson(value)}: supported values: ${known}`;
  return { reason: 'FieldValueNotSupported', message, field };
}
