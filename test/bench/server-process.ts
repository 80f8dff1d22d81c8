// The real server in a process of its own, for round.ts. It believes to be in a cluster: its service
// account is given on standard input, since the files of a real one are not ours to write.
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/clock.ts';
import { parseOptions } from '../../src/config/options.ts';
import { toConfig } from '../../src/config/to-config.ts';
import { createLogger } from '../../src/log.ts';
import { runServer } from '../../src/server.ts';

interface Given {
  readonly flags: readonly string[];
  readonly apiPort: number;
  /** Path to content. */
  readonly files: Readonly<Record<string, string>>;
}

const { flags, apiPort, files } = JSON.parse(await text(process.stdin)) as Given;
const config = toConfig(parseOptions(flags));
const ending = new AbortController();
process.on('SIGTERM', () => {
  ending.abort();
});
await runServer(
  config,
  {
    log: createLogger(config.logging, (line) => process.stderr.write(line)),
    clock: systemClock,
    env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(apiPort) },
    readFile: (path) => {
      const content = files[path];
      return content === undefined
        ? Promise.reject(new Error(`open ${path}: no such file or directory`))
        : Promise.resolve(content);
    },
    platform: { name: process.platform, arch: process.arch, node: process.versions.node },
    version: 'bench',
    onListening: () => {
      process.stdout.write('listening\n');
    },
  },
  ending.signal,
);
