import type { Encoder } from './encoder.ts';
import { jsonRuns } from './json-runs.ts';
import type { MediaTypeName } from './negotiate.ts';
import { PROTOBUF } from './protobuf.ts';
import { textEncoder } from './text-encoder.ts';
import { COMPACT_JSON, PRETTY_JSON } from './text-layout.ts';
import { YAML } from './yaml.ts';

const ENCODERS: Readonly<Record<MediaTypeName, Encoder>> = {
  'application/json': { ...textEncoder('application/json', COMPACT_JSON), runs: jsonRuns },
  'application/yaml': textEncoder('application/yaml', YAML),
  'application/vnd.kubernetes.protobuf': PROTOBUF,
};

export const PRETTY_ENCODER = textEncoder('application/json', PRETTY_JSON);

/** `pretty` means something in JSON only. */
export function encoderOf(name: MediaTypeName, pretty: boolean): Encoder {
  return pretty && name === 'application/json' ? PRETTY_ENCODER : ENCODERS[name];
}
