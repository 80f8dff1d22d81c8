import { type Format, inOrderOf } from './document.ts';
import type { Exchange } from './exchanges.ts';
import { type Side, queryOf } from './side.ts';
import { type Value, treeOf } from './tree.ts';

/** What a clause of an Accept header may ask an object to be turned into. */
export interface Target {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly version: 'v1' | 'v1beta1';
}

/** In which form an answer is told. */
export interface Form {
  readonly contentType: string;
  readonly format: Format;
  readonly target: Target | undefined;
}

interface Clause {
  readonly range: string;
  readonly weight: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const FORMATS = [
  ['application/json', 'compact'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
] as const;
const TARGETS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
const BROWSERS = /^(?:curl|Wget|Mozilla\/5\.0)/;
const TRUE = /^(?:1|t|T|TRUE|true|True)$/;

/**
 * The form of an object that this exchange asks for, by contract.md 4.1 and 4.6; the server's own code has no
 * part in it. Undefined when none that it names is served.
 */
export function objectForm(exchange: Exchange): Form | undefined {
  return bestForm(exchange, true);
}

/** The form of an error, which is never turned into anything: indented JSON to whom no other would do. */
export function errorForm(exchange: Exchange): Form {
  const insisting = { contentType: 'application/json', format: 'indented', target: undefined };
  return bestForm(exchange, false) ?? (insisting as Form);
}

/** The same side with another answer, told in this form. */
export function told(side: Side, status: number, value: Value, form: Form): Side {
  const { contentType, format } = form;
  const headers = new Map(side.headers).set('content-type', contentType);
  const tail = format === 'compact' ? '\n' : '';
  return { status, headers, body: { format, tail, tree: inOrderOf(format, treeOf(value)) } };
}

function bestForm(exchange: Exchange, isObject: boolean): Form | undefined {
  for (const clause of clausesOf(headerOf(exchange, 'accept') || '*/*')) {
    for (const [contentType, format] of FORMATS) {
      if (!covers(clause.range, contentType)) continue;
      const target = targetOf(clause, contentType);
      const isPossible = target === undefined || (isObject && target !== 'impossible');
      if (!isPossible || !isServed(clause, format, isObject)) continue;
      const isIndented = format === 'compact' && isPretty(exchange, clause);
      return { contentType, format: isIndented ? 'indented' : format, target };
    }
  }
  return undefined;
}

/** Best first; of equals the one that stands before. */
function clausesOf(accept: string): readonly Clause[] {
  const clauses = accept.split(',').map((text): Clause => {
    const [range = '', ...rest] = text.split(';').map((part) => part.trim());
    const parameters = new Map(
      rest.map((part) => {
        const [name = '', value = ''] = part.split(/=(.*)/s);
        return [name.trim(), value.trim()] as const;
      }),
    );
    return { range, weight: Number(parameters.get('q') ?? '1') || 0, parameters };
  });
  const stars = ({ range }: Clause): number => range.split('*').length;
  return clauses.toSorted(
    (left, right) => right.weight - left.weight || stars(left) - stars(right),
  );
}

function covers(range: string, contentType: string): boolean {
  return range === '*/*' || range === 'application/*' || range === contentType;
}

function targetOf({ parameters }: Clause, contentType: string): Target | 'impossible' | undefined {
  if (!['as', 'g', 'v'].some((name) => parameters.has(name))) return undefined;
  const kind = TARGETS.find((known) => known === parameters.get('as'));
  const version = (['v1', 'v1beta1'] as const).find((known) => known === parameters.get('v'));
  const isTable = kind === 'Table' && contentType === 'application/vnd.kubernetes.protobuf';
  if (!kind || !version || isTable || parameters.get('g') !== 'meta.k8s.io') return 'impossible';
  return { kind, version };
}

/** Of the other parameters two can make a clause one that is not served. */
function isServed({ parameters }: Clause, format: Format, isObject: boolean): boolean {
  const stream = parameters.get('stream') ?? '';
  const version = parameters.get('sv') ?? '';
  return (
    (stream === '' || (stream === 'watch' && format !== 'yaml')) &&
    (version === '' || (version === 'v1' && isObject))
  );
}

function isPretty(exchange: Exchange, { parameters }: Clause): boolean {
  if (parameters.get('pretty') === '1') return true;
  const asked = queryOf(exchange.path.split(/\?(.*)/s)[1] ?? '').get('pretty') ?? '';
  return asked === '' ? BROWSERS.test(headerOf(exchange, 'user-agent')) : TRUE.test(asked);
}

function headerOf({ headers }: Exchange, wanted: string): string {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted) ?? [];
  return value ?? '';
}
