import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Follower, Presence } from '../../../src/kube/presence.ts';

let nowMs: number;
let presence: Presence;
let nodes: Follower;
let pods: Follower;
let backs: number;

beforeEach(() => {
  nowMs = 0;
  backs = 0;
  presence = new Presence({ nowMs: () => 0, monotonicMs: () => nowMs });
  nodes = presence.follower();
  pods = presence.follower();
  presence.subscribe({ back: () => (backs += 1) });
});

describe('Presence', () => {
  test('believes that kube-apiserver is there until told otherwise', () => {
    expect([presence.isAway, presence.wasAwayWithin(60_000)]).toEqual([false, false]);
  });

  test('takes it for away when nobody reaches it', () => {
    nodes.lost();
    const one = presence.isAway;
    pods.lost();

    expect([one, presence.isAway]).toEqual([false, true]);
  });

  test('tells once that it is back, when the first one follows again', () => {
    for (const follower of [nodes, pods]) follower.lost();

    nodes.follows();
    const first = [presence.isAway, backs];
    pods.follows();
    nodes.follows();

    expect(first).toEqual([false, 1]);
    expect(backs).toBe(1);
  });

  test('tells of nobody who could reach it all the while', () => {
    nodes.lost();
    nodes.follows();
    pods.refused();
    pods.follows();

    expect(backs).toBe(0);
  });

  test('knows it there when it refuses, and back only when somebody follows', () => {
    for (const follower of [nodes, pods]) follower.lost();

    nowMs = 5_000;
    nodes.refused();
    const refusing = [presence.isAway, backs];
    nodes.follows();

    expect(refusing).toEqual([false, 0]);
    expect(backs).toBe(1);
  });

  test('remembers how long it has been there again', () => {
    for (const follower of [nodes, pods]) follower.lost();
    nowMs = 100_000;
    const away = presence.wasAwayWithin(0);
    nodes.follows();

    nowMs = 159_999;
    const within = presence.wasAwayWithin(60_000);
    nowMs = 160_000;

    expect([away, within, presence.wasAwayWithin(60_000)]).toEqual([true, true, false]);
  });

  test('goes on being there for a follower who is late to notice', () => {
    for (const follower of [nodes, pods]) follower.lost();
    nodes.follows();

    pods.lost();

    expect(presence.isAway).toBe(false);
  });

  test('tells of each absence', () => {
    for (let absence = 0; absence < 3; absence++) {
      for (const follower of [nodes, pods]) follower.lost();
      for (const follower of [nodes, pods]) follower.follows();
    }

    expect(backs).toBe(3);
  });

  test('tells nobody who has ended the subscription', () => {
    let told = 0;
    const end = presence.subscribe({ back: () => (told += 1) });
    end();

    for (const follower of [nodes, pods]) follower.lost();
    nodes.follows();

    expect([told, backs]).toEqual([0, 1]);
  });
});
