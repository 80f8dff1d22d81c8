import { describe, expect, test } from '@jest/globals';
import { parseLoad } from '../../../src/simulator/load-words.ts';

const IDLE = {
  milliCores: 0,
  memoryMib: 8,
  shared: undefined,
  readyAfterMs: 0,
  endsAfterMs: Number.POSITIVE_INFINITY,
  exitCode: 0,
  hasFigures: true,
};

describe('parseLoad', () => {
  test.each([
    { text: '', load: IDLE },
    { text: 'cpu=250m  memory=64Mi', load: { ...IDLE, milliCores: 250, memoryMib: 64 } },
    { text: 'cpu=0.1', load: { ...IDLE, milliCores: 100 } },
    { text: 'memory=1Gi', load: { ...IDLE, memoryMib: 1024 } },
    { text: 'ends=10s exit=1', load: { ...IDLE, endsAfterMs: 10_000, exitCode: 1 } },
    { text: 'shared=web ready=5s', load: { ...IDLE, shared: 'web', readyAfterMs: 5_000 } },
    { text: 'ready=never', load: { ...IDLE, readyAfterMs: Number.POSITIVE_INFINITY } },
    { text: 'figures=no', load: { ...IDLE, hasFigures: false } },
  ])('reads "$text"', ({ text, load }) => {
    expect(parseLoad(text)).toEqual(load);
  });

  test.each(['cpu=much', 'cpu=1n', 'memory=-1Mi', 'ends=10', 'exit=x', 'colour=red', 'cpu'])(
    'names what it cannot read of "%s"',
    (text) => {
      const [name = ''] = text.split('=');
      expect(() => parseLoad(`memory=8Mi ${text}`)).toThrow(`Cannot read load "${name}=`);
    },
  );
});
