// Starts `npm run demo` as a user would, asks it with the real kubectl, ends it with Ctrl-C, and closes
// with the counts. For .ci/run; exit 1 when anything is not as the README promises.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import process from 'node:process';
import { promisify } from 'node:util';
import { takeResults } from '../support/results.ts';

const READY_WITHIN_MS = 10_000;
const GIVE_UP_AFTER_MS = 60_000;
const END_WITHIN_MS = 10_000;
const KUBECTL_TIMEOUT_MS = 30_000;

interface Question {
  readonly name: string;
  readonly args: readonly string[];
  /** What the answer looks like, from its beginning. */
  readonly answer: RegExp;
  readonly fails?: boolean;
}

const TOP_NODES =
  /^NAME +CPU\(cores\) +CPU\(?%\)? +MEMORY\(bytes\) +MEMORY\(?%\)? *\n(node-\d +\d+m +\d+% +\d+Mi +\d+% *\n){5}$/;
const TOP_PODS =
  /^NAMESPACE +NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(\S+ +\S+ +\d+m +\d+Mi *\n){40,}/;
const API = '/apis/metrics.k8s.io/v1beta1';

const QUESTIONS: readonly Question[] = [
  { name: 'top nodes', args: ['top', 'nodes'], answer: TOP_NODES },
  { name: 'top pods -A', args: ['top', 'pods', '-A'], answer: TOP_PODS },
  {
    name: 'top pods --containers',
    args: ['top', 'pods', '-n', 'kube-system', '--containers'],
    answer: /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(\S+ +\S+ +\d+m +\d+Mi *\n)+$/,
  },
  {
    name: 'top pods -l',
    args: ['top', 'pods', '-A', '-l', 'app=kafka'],
    answer: /^NAMESPACE.*\n(data +kafka-\d +\d+m +\d+Mi *\n)+$/,
  },
  {
    name: 'top pods --field-selector',
    args: ['top', 'pods', '-A', '--field-selector', 'metadata.namespace=data'],
    answer: /^NAMESPACE.*\n(data +\S+ +\d+m +\d+Mi *\n)+$/,
  },
  { name: 'top pods --sort-by', args: ['top', 'pods', '-A', '--sort-by=cpu'], answer: TOP_PODS },
  {
    name: 'top pods --sum',
    args: ['top', 'pods', '-A', '--sum'],
    answer: /^NAMESPACE[^]*\n +_+ +_+ *\n +\d+m +\d+Mi *\n$/,
  },
  {
    name: 'top pod NAME',
    args: ['top', 'pod', '-n', 'data', 'kafka-0'],
    answer: /^NAME.*\nkafka-0 +\d+m +\d+Mi *\n$/,
  },
  {
    name: 'top node NAME',
    args: ['top', 'node', 'node-1'],
    answer: /^NAME.*\nnode-1 +\d+m +\d+% +\d+Mi +\d+% *\n$/,
  },
  {
    name: 'get --raw nodes',
    args: ['get', '--raw', `${API}/nodes`],
    answer:
      /^\{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io\/v1beta1","metadata":\{\},"items":\[\{/,
  },
  {
    name: 'get --raw pods',
    args: ['get', '--raw', `${API}/pods`],
    answer:
      /^\{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io\/v1beta1","metadata":\{\},"items":\[\{/,
  },
  {
    name: 'get --raw one pod',
    args: ['get', '--raw', `${API}/namespaces/data/pods/kafka-0`],
    answer:
      /^\{"kind":"PodMetrics",.*"name":"kafka-0".*"usage":\{"cpu":"\d+[num]?","memory":"\d+[KMG]?i?"\}/,
  },
  {
    name: 'get nodemetrics',
    args: ['get', 'nodemetrics'],
    answer: /^NAME +CPU +MEMORY +WINDOW *\n(node-\d +\S+ +\S+ +\S+ *\n){5}$/,
  },
  {
    name: 'get podmetrics -A',
    args: ['get', 'podmetrics', '-A'],
    answer: /^NAMESPACE +NAME +CPU +MEMORY +WINDOW *\n(\S+ +\S+ +\S+ +\S+ +\S+ *\n){40,}$/,
  },
  {
    name: 'api-resources',
    args: ['api-resources', '--api-group=metrics.k8s.io'],
    answer:
      /nodes +metrics.k8s.io\/v1beta1 +false +NodeMetrics *\npods +metrics.k8s.io\/v1beta1 +true +PodMetrics *\n$/,
  },
  {
    name: 'explain nodemetrics.usage',
    args: ['explain', 'nodemetrics.usage'],
    answer:
      /^GROUP: +metrics.k8s.io\nKIND: +NodeMetrics\nVERSION: +v1beta1\n\nFIELD: usage <map\[string\]Quantity>\n[^]*What the node uses/,
  },
  {
    name: 'explain podmetrics --recursive',
    args: ['explain', 'podmetrics', '--recursive'],
    answer: /\n {2}containers\t<\[\]ContainerMetrics> -required-\n {4}name\t<string> -required-\n/,
  },
  {
    name: 'get apiservice',
    args: ['get', 'apiservice', 'v1beta1.metrics.k8s.io'],
    answer:
      /^NAME +SERVICE +AVAILABLE +AGE *\nv1beta1\.metrics\.k8s\.io +kube-system\/metrics-server +True +\S+ *\n$/,
  },
  {
    name: 'a user without rights',
    args: ['--context', 'nobody', 'top', 'nodes'],
    answer:
      /^Error from server \(Forbidden\): nodes\.metrics\.k8s\.io is forbidden: User "nobody" cannot list resource "nodes" in API group "metrics\.k8s\.io" at the cluster scope\n$/,
    fails: true,
  },
];

const leaveResults = takeResults(process.env);
let passed = 0;
let failed = 0;

function check(name: string, problem: string | undefined): void {
  if (problem === undefined) passed += 1;
  else failed += 1;
  process.stdout.write(
    problem === undefined ? `ok      ${name}\n` : `NOT OK  ${name}: ${problem}\n`,
  );
}

async function ask(question: Question, kubeconfig: string): Promise<string | undefined> {
  const { args, answer, fails = false } = question;
  const run = promisify(execFile)('kubectl', args, {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeout: KUBECTL_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  try {
    const { stdout } = await run;
    if (fails) return `expected a refusal, got ${stdout}`;
    return answer.test(stdout) ? undefined : `expected ${String(answer)}, got ${stdout}`;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    if (!fails) return stderr === '' ? message : stderr;
    return answer.test(stderr) ? undefined : `expected ${String(answer)}, got ${stderr}`;
  }
}

/** Everything the demo has said so far, and a wait for what it will say. */
class Said {
  #text = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  }

  get text(): string {
    return this.#text;
  }

  async find(what: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(GIVE_UP_AFTER_MS);
    for (;;) {
      const found = what.exec(this.#text);
      if (found) return found;
      if (this.#child.exitCode !== null) throw new Error(`the demo ended early:\n${this.#text}`);
      if (!this.#child.stdout) throw new Error('the demo has no standard output');
      await once(this.#child.stdout, 'data', { signal: deadline });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // ECONNREFUSED
  } finally {
    socket.destroy();
  }
}

const README = new URL('../../README.md', import.meta.url);
const BLOCK = /<!-- generated: demo -->\n\n```text\n([^]*?)```\n\n<!-- end: demo -->/;

const DEMO_FOLDER = /[^\s=]+\/\.demo\//g;

/** Without what changes from run to run, and from machine to machine. */
function steady(text: string): string {
  return text.replaceAll(DEMO_FOLDER, '.demo/').replaceAll(/\d+/g, '0');
}

/** The README shows what the demo prints; `UPDATE_GOLDEN=1` writes it there anew. */
function compareWithReadme(printed: string): string | undefined {
  const readme = readFileSync(README, 'utf8');
  const [block, shown] = BLOCK.exec(readme) ?? [];
  if (block === undefined || shown === undefined) return 'expected a block "demo" in the README';
  if (process.env['UPDATE_GOLDEN'] === '1') {
    const text = printed.replaceAll(DEMO_FOLDER, '/home/you/metrics-server/.demo/');
    const now = `<!-- generated: demo -->\n\n\`\`\`text\n${text}\`\`\`\n\n<!-- end: demo -->`;
    writeFileSync(
      README,
      readme.replace(block, () => now),
    );
    return undefined;
  }
  return steady(shown) === steady(printed)
    ? undefined
    : `it shows\n${shown}\nand the demo printed\n${printed}`;
}

async function main(): Promise<void> {
  const startedMs = performance.now();
  // A process group of its own, so that a signal reaches all of it, as Ctrl-C does.
  const demo = spawn('npm', ['run', 'demo'], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = once(demo, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const said = new Said(demo);
  try {
    await said.find(/Ctrl-C ends everything/);
    const readyMs = performance.now() - startedMs;
    check(
      `ready after ${(readyMs / 1000).toFixed(1)} s`,
      readyMs <= READY_WITHIN_MS ? undefined : `expected at most ${READY_WITHIN_MS / 1000} s`,
    );
    const [, kubeconfig = ''] = await said.find(/kubeconfig +(\S+)/);
    const [, pid] = await said.find(/metrics-server.*pid (\d+)/);
    const [, port] = await said.find(/kube-apiserver +https:\/\/127\.0\.0\.1:(\d+)/);
    for (const question of QUESTIONS) {
      check(`kubectl ${question.name}`, await ask(question, kubeconfig));
    }
    const [printed] = await said.find(/Running:\n[^]*Ctrl-C ends everything\.\n/);
    check('the README shows what it prints', compareWithReadme(printed));
    const [line] = await said.find(/^\S+Z 5 nodes .*pods.*$/m);
    check(`a line for each round: ${line}`, undefined);
    process.kill(-(demo.pid ?? 0), 'SIGINT');
    const late = setTimeout(() => process.kill(-(demo.pid ?? 0), 'SIGKILL'), END_WITHIN_MS);
    const [code, signal] = await ended;
    clearTimeout(late);
    check('Ctrl-C ends it with exit 0', code === 0 ? undefined : `got ${String(code ?? signal)}`);
    check('no process is left', isAlive(Number(pid)) ? `pid ${String(pid)} lives` : undefined);
    check(
      'no port is left',
      (await isListening(Number(port))) ? `${String(port)} is open` : undefined,
    );
  } finally {
    if (demo.exitCode === null && demo.signalCode === null)
      process.kill(-(demo.pid ?? 0), 'SIGKILL');
  }
}

try {
  await main();
} catch (error) {
  check('the demo', error instanceof Error ? error.message : String(error));
}
leaveResults({ passed, failed });
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
