import { beforeEach, describe, expect, test } from '@jest/globals';
import { Sessions } from '../../../src/kubelet/sessions.ts';

const HOUR_MS = 3_600_000;
const FIRST = Buffer.from('first');
const SECOND = Buffer.from('second');

let nowMs: number;
let sessions: Sessions;

beforeEach(() => {
  nowMs = 1_000;
  sessions = new Sessions(() => nowMs);
});

describe('Sessions', () => {
  test('gives the last ticket of a host, and of no other', () => {
    expect(sessions.of('a:1').ticket).toBeUndefined();
    sessions.of('a:1').learned(FIRST, false);
    sessions.of('a:1').learned(SECOND, false);

    expect(sessions.of('a:1').ticket).toBe(SECOND);
    expect(sessions.of('a:2').ticket).toBeUndefined();
  });

  test('believes a session for an hour after its full handshake, however often it was resumed', () => {
    sessions.of('a:1').learned(FIRST, false);
    nowMs += HOUR_MS - 1;
    sessions.of('a:1').learned(SECOND, true);
    expect(sessions.of('a:1').ticket).toBe(SECOND);

    nowMs += 1;

    expect(sessions.of('a:1').ticket).toBeUndefined();
  });

  test('begins anew with a full handshake', () => {
    sessions.of('a:1').learned(FIRST, false);
    nowMs += HOUR_MS;
    sessions.of('a:1').learned(SECOND, false);
    nowMs += HOUR_MS - 1;

    expect(sessions.of('a:1').ticket).toBe(SECOND);
  });

  test('forgets a session with which no connection came about', () => {
    sessions.of('a:1').learned(FIRST, false);

    sessions.of('a:1').failed();

    expect(sessions.of('a:1').ticket).toBeUndefined();
  });

  test('learns nothing from a connection that began before it was cleared', () => {
    const begun = sessions.of('a:1');
    sessions.clear();

    begun.learned(FIRST, false);

    expect(sessions.of('a:1').ticket).toBeUndefined();
  });

  test('forgets what is too old', () => {
    sessions.of('a:1').learned(FIRST, false);
    nowMs += 1;
    sessions.of('b:1').learned(SECOND, false);
    nowMs += HOUR_MS - 1;

    sessions.tidy();

    expect(sessions.size).toBe(1);
  });

  test('holds 10,000 at most, and renews those', () => {
    for (let at = 0; at < 10_001; at++) sessions.of(`a:${at}`).learned(FIRST, false);
    sessions.of('a:7').learned(SECOND, false);

    expect(sessions.size).toBe(10_000);
    expect(sessions.of('a:7').ticket).toBe(SECOND);
    expect(sessions.of('a:10000').ticket).toBeUndefined();
  });
});
