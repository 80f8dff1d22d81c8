import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { Kubectl } from '../support/kubectl.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';

describe('kubectl top, which asks for protobuf', () => {
  let cluster: Cluster;
  let server: RunningServer;
  let kubectl: Kubectl;
  beforeAll(async () => {
    cluster = await createCluster({ nodes: 2, pods: 12 });
    server = await RunningServer.start(cluster);
    cluster.registerMetricsServer('127.0.0.1', server.port);
    kubectl = await Kubectl.create(cluster.kubeconfig('admin'));
    await until(
      async () => (await kubectl.run('top', 'pods', '-A', '--no-headers')).out,
      (out) => out !== '',
    );
  });
  afterAll(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  test.each([
    { words: ['nodes'], path: `${API}/nodes` },
    { words: ['node', 'node-1'], path: `${API}/nodes/node-1` },
    { words: ['pods', '-A'], path: `${API}/pods` },
    { words: ['pods', '-A', '--containers'], path: `${API}/pods` },
    { words: ['pods', '-A', '-l', 'app'], path: `${API}/pods?labelSelector=app` },
  ])('gets it, and reads the same from it as from JSON: $words', async ({ words, path }) => {
    const asked = ['top', ...words];
    const talk = await kubectl.run(...asked, '-v=9');
    const [protobuf, json] = await until(
      async () => [
        await kubectl.run(...asked),
        await kubectl.run(...asked, '--use-protocol-buffers=false'),
      ],
      // A new sample may come between the two.
      ([one, other]) => one.out === other.out,
    );

    // Where it last names the path it tells of the answer.
    const answer = talk.err.slice(talk.err.lastIndexOf(path));
    const [, contentType] = /Content-Type: *(\S+)/i.exec(answer) ?? [];
    const [, dump] = /^\s*0{8} {2}(.{11})/m.exec(answer) ?? [];
    expect({ contentType, dump }).toEqual({
      contentType: 'application/vnd.kubernetes.protobuf',
      dump: '6b 38 73 00', // "k8s" and a zero
    });
    expect(protobuf).toMatchObject({ code: 0, err: '' });
    expect(protobuf.out.split('\n').length).toBeGreaterThan(2);
    expect(protobuf.out).toBe(json.out);
  });
});
