import { describe, expect, test } from '@jest/globals';
import { userAgent } from '../../../src/kube/user-agent.ts';

describe('userAgent', () => {
  test.each([
    { architecture: 'x64', text: 'metrics-server/0.1.0 (linux/amd64) node/26.10.0' },
    { architecture: 'arm64', text: 'metrics-server/0.1.0 (linux/arm64) node/26.10.0' },
  ])('uses the names of Go for $architecture', ({ architecture, text }) => {
    expect(userAgent('0.1.0', 'linux', architecture, '26.10.0')).toBe(text);
  });
});
