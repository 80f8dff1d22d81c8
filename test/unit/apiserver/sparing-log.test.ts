import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { sparingLog } from '../../../src/apiserver/sparing-log.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

describe('sparingLog', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('writes ten lines of a message a second, and then how many more there were', () => {
    const recorder = new LogRecorder();
    const log = sparingLog(recorder);

    for (let at = 0; at < 1_000; at++) log.info({ at }, 'Refused');
    log.warn({}, 'Another');
    expect(recorder.told).toEqual([...Array<string>(10).fill('info Refused'), 'warn Another']);

    jest.advanceTimersByTime(1_000);
    expect(recorder.lines.at(-1)).toEqual({
      level: 'info',
      message: 'Left out lines',
      fields: { like: 'Refused', leftOut: 990 },
    });
    log.info({}, 'Refused');
    jest.advanceTimersByTime(1_000);
    expect(recorder.told.slice(-2)).toEqual(['info Left out lines', 'info Refused']);
  });

  test('leaves out nothing for those who debug', () => {
    const recorder = new LogRecorder();
    const log = sparingLog(recorder);

    for (let at = 0; at < 50; at++) log.debug({}, 'Answered request');

    expect(recorder.lines).toHaveLength(50);
  });
});
