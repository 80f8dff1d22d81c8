import { describe, expect, test } from '@jest/globals';
import { BodyBuffer, BodyBuffers } from '../../../src/kubelet/body-buffer.ts';

describe('BodyBuffer', () => {
  test('holds what was appended, however much that is', () => {
    const body = new BodyBuffer();
    const piece = Buffer.from('0123456789'.repeat(1_000));

    for (let at = 0; at < 50; at++) body.append(piece);

    expect(body.length).toBe(500_000);
    expect(body.bytes.equals(Buffer.from('0123456789'.repeat(50_000)))).toBe(true);
  });

  test('is empty after clear, and keeps its memory', () => {
    const body = new BodyBuffer();
    body.append(Buffer.alloc(200_000));
    const { capacity } = body;

    body.clear();

    expect([body.length, body.bytes.length]).toEqual([0, 0]);
    expect(body.capacity).toBe(capacity);
  });
});

describe('BodyBuffers', () => {
  test('gives a buffer again, empty', () => {
    const bodies = new BodyBuffers(() => 0);
    const body = bodies.take();
    body.append(Buffer.from('x'));

    bodies.give(body);

    expect(bodies.take()).toBe(body);
    expect(body.length).toBe(0);
    expect(bodies.take()).not.toBe(body);
  });

  test('does not keep one that has grown large', () => {
    const bodies = new BodyBuffers(() => 0);
    const body = bodies.take();
    body.append(Buffer.alloc(2_000_000));

    bodies.give(body);

    expect(bodies.take()).not.toBe(body);
  });

  test('does not keep more than are asked at once', () => {
    const bodies = new BodyBuffers(() => 0);
    const taken = Array.from({ length: 40 }, () => bodies.take());

    for (const body of taken) bodies.give(body);

    const again = Array.from({ length: 40 }, () => bodies.take());
    expect(again.filter((body) => taken.includes(body))).toHaveLength(32);
  });

  test('drops what was not needed for half a minute', () => {
    let nowMs = 0;
    const bodies = new BodyBuffers(() => nowMs);
    const useAtOnce = (count: number): BodyBuffer[] => {
      const taken = Array.from({ length: count }, () => bodies.take());
      for (const body of taken) bodies.give(body);
      return taken;
    };
    const first = useAtOnce(10);
    for (nowMs = 30_000; nowMs <= 60_000; nowMs += 10_000) useAtOnce(3);

    const later = useAtOnce(10);

    expect(later.filter((body) => first.includes(body))).toHaveLength(3);
    expect(new Set(later).size).toBe(10);
  });
});
