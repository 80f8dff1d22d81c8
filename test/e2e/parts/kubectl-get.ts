import assert from 'node:assert/strict';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import type { Check, Part } from '../part.ts';
import { FIGURES, VIEWER } from '../scene.ts';

const VIEWER_NAME = `system:serviceaccount:${FIGURES}:${VIEWER}`;

interface Question {
  readonly words: readonly string[];
  readonly answer: RegExp;
  /** Of the exit code; 0 unless told. */
  readonly code?: number;
  /** What it complains of. */
  readonly complaint?: RegExp;
}

const POD_TABLE =
  /^NAME +CPU +MEMORY +WINDOW *\nidle +0 +8Mi +\S+ *\npair +120m +48Mi +\S+ *\nsteady-1 +250m +64Mi +\S+ *\nsteady-2 +250m +64Mi +\S+ *\n$/;

const QUESTIONS: readonly Question[] = [
  {
    words: ['api-resources', '--api-group=metrics.k8s.io', '--no-headers'],
    answer:
      /^nodes +metrics\.k8s\.io\/v1beta1 +false +NodeMetrics *\npods +metrics\.k8s\.io\/v1beta1 +true +PodMetrics *\n$/,
  },
  {
    words: ['explain', 'nodemetrics.usage'],
    answer:
      /^GROUP: +metrics\.k8s\.io\nKIND: +NodeMetrics\nVERSION: +v1beta1\n\nFIELD: usage <map\[string\]Quantity>\n[^]*What the node uses/,
  },
  {
    words: ['explain', 'podmetrics', '--recursive'],
    answer: /\n {2}containers\t<\[\]ContainerMetrics> -required-\n {4}name\t<string> -required-\n/,
  },
  { words: ['get', 'podmetrics', '-n', FIGURES], answer: POD_TABLE },
  { words: ['get', 'podmetrics', '-n', FIGURES, '-o', 'wide'], answer: POD_TABLE },
  { words: ['get', 'podmetrics', '-n', FIGURES, '--chunk-size=1'], answer: POD_TABLE },
  {
    words: ['get', 'nodemetrics', '-o', 'wide', '-l', 'simulator/node'],
    answer: /^NAME +CPU +MEMORY +WINDOW *\n(simulated-\d +\d+[num]? +\d+[KM]i +\S+ *\n){3}$/,
  },
  {
    words: ['get', 'nodemetrics', '-o', 'yaml', '-l', 'simulator/node'],
    answer:
      /^apiVersion: v1\nitems:\n(- apiVersion: metrics\.k8s\.io\/v1beta1\n {2}kind: NodeMetrics\n {2}metadata:\n( {4}.*\n)+ {2}timestamp: "[^"]+Z"\n {2}usage:\n {4}cpu: \d+[num]?\n {4}memory: \d+[KM]i\n {2}window: \S+\n){3}kind: List\n/,
  },
  {
    words: ['get', 'nodemetrics', 'simulated-1', '-o', 'json'],
    answer:
      /^\{\n {4}"apiVersion": "metrics\.k8s\.io\/v1beta1",\n {4}"kind": "NodeMetrics",\n {4}"metadata": \{\n( {8}.*\n)+ {4}\},\n {4}"timestamp": "[^"]+Z",\n {4}"usage": \{\n {8}"cpu": "\d+[num]?",\n {8}"memory": "\d+[KM]i"\n {4}\},\n {4}"window": "\S+"\n\}\n$/,
  },
  {
    words: ['get', 'podmetrics', 'pair', '-n', FIGURES, '-o', 'yaml'],
    answer:
      /^apiVersion: metrics\.k8s\.io\/v1beta1\ncontainers:\n- name: app\n {2}usage:\n {4}cpu: 100m\n {4}memory: 32Mi\n- name: side\n {2}usage:\n {4}cpu: 20m\n {4}memory: 16Mi\nkind: PodMetrics\nmetadata:\n[^]*\n {2}name: pair\n {2}namespace: e2e-figures\ntimestamp: "[^"]+Z"\nwindow: \S+\n$/,
  },
  {
    words: ['describe', 'podmetrics', 'pair', '-n', FIGURES],
    answer:
      /\nContainers:\n {2}Name: +app\n {2}Usage:\n {4}Cpu: +100m\n {4}Memory: +32Mi\n {2}Name: +side\n/,
  },
  {
    words: ['get', 'podmetrics', '-n', FIGURES, '-w'],
    answer: POD_TABLE,
    code: 1,
    complaint:
      /^Error from server \(MethodNotAllowed\): watch is not supported on resources of kind "pods\.metrics\.k8s\.io"\n$/,
  },
  {
    words: ['delete', 'podmetrics', 'idle', '-n', FIGURES],
    answer: /^$/,
    code: 1,
    complaint: /^Error from server \(MethodNotAllowed\): [^\n]*\n$/,
  },
  {
    words: ['auth', 'can-i', 'list', 'pods.metrics.k8s.io', '-n', FIGURES, '--as', VIEWER_NAME],
    answer: /^yes\n$/,
  },
  {
    words: ['auth', 'can-i', 'list', 'nodes.metrics.k8s.io', '--as', VIEWER_NAME],
    answer: /^no\n$/,
    code: 1,
    complaint:
      /^Warning: resource 'nodes' is not namespace scoped in group 'metrics\.k8s\.io'\n\n$/,
  },
  { words: ['get', 'podmetrics', '-n', FIGURES, '--as', VIEWER_NAME], answer: POD_TABLE },
  {
    words: ['get', 'nodemetrics', '--as', VIEWER_NAME],
    answer: /^$/,
    code: 1,
    complaint: new RegExp(
      `^Error from server \\(Forbidden\\): nodes\\.metrics\\.k8s\\.io is forbidden: User "${VIEWER_NAME}" cannot list resource "nodes" in API group "metrics\\.k8s\\.io" at the cluster scope\\n$`,
    ),
  },
];

/** With the kubectl on PATH. */
export const kubectlGet: Part = {
  name: 'kubectl get, explain, describe, auth',
  // the role `view` is put together by a controller
  needs: ['controllers'],
  async run(scene, check) {
    const { kubectl } = scene;
    await scene.whenExact();
    await askAll(kubectl, check);
    await check('kubectl get -o json has what --raw has', async () => {
      const path = `/namespaces/${FIGURES}/pods`;
      const raw = await scene.raw(path);
      const shown = await kubectl.json('get', 'podmetrics', '-n', FIGURES);
      const names = (from: unknown): string[] =>
        listAt(from, 'items').map((item) => textAt(item, 'metadata', 'name'));
      assert.deepEqual(names(shown), names(raw));
      assert.deepEqual(
        listAt(shown, 'items').map((item) => valueAt(item, 'containers')),
        listAt(raw, 'items').map((item) => valueAt(item, 'containers')),
      );
    });
    await check('a list of pages of two is the whole list', async () => {
      const names: string[] = [];
      let token = '';
      do {
        const query = new URLSearchParams({ limit: '2', ...(token && { continue: token }) });
        const page = await scene.raw(`/namespaces/${FIGURES}/pods?${query.toString()}`);
        const items = listAt(page, 'items');
        assert.ok(items.length <= 2);
        names.push(...items.map((item) => textAt(item, 'metadata', 'name')));
        token = textAt(page, 'metadata', 'continue');
      } while (token !== '');
      assert.deepEqual(names, ['idle', 'pair', 'steady-1', 'steady-2']);
    });
  },
};

/** With the kubectl of the control plane's own release. */
export const newestKubectlGet: Part = {
  name: 'kubectl get, explain, describe, auth, newest release',
  needs: ['controllers', 'kubectl of the plane'],
  async run(scene, check) {
    const { kubeconfig, planeKubectl } = scene.spec;
    await using kubectl = await ClusterKubectl.create(kubeconfig, planeKubectl);
    await scene.whenExact();
    await askAll(kubectl, check);
  },
};

async function askAll(kubectl: ClusterKubectl, check: Check): Promise<void> {
  for (const { words, answer, code = 0, complaint = /^$/ } of QUESTIONS) {
    await check(`kubectl ${words.join(' ')}`, async () => {
      const got = await kubectl.ask(words);
      assert.match(got.err, complaint);
      assert.match(got.out, answer);
      assert.equal(got.code, code);
    });
  }
}
