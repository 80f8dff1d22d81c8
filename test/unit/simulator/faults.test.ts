import { describe, expect, test } from '@jest/globals';
import { FAULT_KINDS, faultHelp, Faults, parseFault } from '../../../src/simulator/faults.ts';
import { aHeldClock, NOON_MS } from '../../support/a-world.ts';

describe('parseFault', () => {
  test.each([
    ['silent', { fault: { kind: 'silent', value: 0 }, nodeName: undefined }],
    ['slow', { fault: { kind: 'slow', value: 9_000 }, nodeName: undefined }],
    ['slow=250', { fault: { kind: 'slow', value: 250 }, nodeName: undefined }],
    ['status-403:node-2', { fault: { kind: 'status-403', value: 0 }, nodeName: 'node-2' }],
    ['huge=3:node-2', { fault: { kind: 'huge', value: 3 }, nodeName: 'node-2' }],
  ])('reads %s', (text, parsed) => {
    expect(parseFault(text)).toEqual(parsed);
  });

  test.each([
    ['', 'expected KIND[=NUMBER][:NODE] with one of slow, silent'],
    ['broken', 'Cannot read the fault "broken": expected'],
    ['constructor', 'expected KIND'],
    ['slow=soon', 'expected KIND'],
    ['slow:', 'expected KIND'],
    ['silent=3', 'silent takes no number'],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseFault(text)).toThrow(message);
  });

  test('knows every kind that the help names', () => {
    const named = faultHelp()
      .split('\n')
      .map((line) => line.split(' ')[0]);

    expect(named).toEqual(FAULT_KINDS);
    expect(named.map((kind) => parseFault(kind ?? '').fault.kind)).toEqual(FAULT_KINDS);
  });
});

describe('Faults', () => {
  test('prefers the fault of a node to that of all', () => {
    const faults = new Faults({ clock: aHeldClock() });

    faults.set('slow');
    faults.set('html', { nodeName: 'node-2' });

    expect(faults.of('node-1')).toEqual({ kind: 'slow', value: 9_000, sinceMs: NOON_MS });
    expect(faults.of('node-2')?.kind).toBe('html');
  });

  test('ends the fault of a node, or all', () => {
    const faults = new Faults({ clock: aHeldClock() });
    faults.set('slow', { value: 5 });
    faults.set('html', { nodeName: 'node-2' });

    faults.clear('node-2');
    expect(faults.of('node-2')).toEqual({ kind: 'slow', value: 5, sinceMs: NOON_MS });

    faults.clear();
    expect(faults.of('node-1')).toBeUndefined();
  });

  test('tells of changes until nobody wants to know', () => {
    const faults = new Faults({ clock: aHeldClock() });
    let told = 0;
    const stop = faults.subscribe(() => told++);

    faults.set('silent');
    faults.clear();
    stop();
    faults.set('silent');

    expect(told).toBe(2);
  });
});
