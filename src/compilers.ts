import { setFlagsFromString } from 'node:v8';

/** What more nodes cost at rest is worth optimized code; figures in docs/benchmarks.md. */
const FEW_NODES = 20;

/**
 * Does without V8's optimizing compilers as long as there are few nodes, and returns what is to be told how many there are, as
 * often as that changes. The stronger one is 5 MB of Node's program, which a small cluster would load for two functions; what both need to
 * compile is never quite given back, 20 MB where clients ask as fast as they can. The price: there a request costs three times
the CPU. WebAssembly (undici's parser, for watches
 * only) never gets them.
 *
 * Called before anything is compiled: V8 documents no order for these flags, but decides by them only when it next looks
 * for something to optimize.
 */
export function sparingCompilers(
  setFlag: (flag: string) => void = setFlagsFromString,
): (nodes: number) => void {
  setFlag('--no-wasm-tier-up');
  setFlag('--no-wasm-dynamic-tiering');
  setFlag('--no-turbofan');
  setFlag('--no-maglev');
  // Freed by another thread than the one that made it, what a compiler needed stays with the allocator: 8 MB.
  setFlag('--no-maglev-destroy-on-background');
  // Code of the lesser compilers goes on counting its calls, so that it can be optimized later.
  setFlag('--force-emit-interrupt-budget-checks');
  let isSparing = true;
  return (nodes) => {
    if (!isSparing || nodes <= FEW_NODES) return;
    isSparing = false;
    setFlag('--maglev');
    setFlag('--turbofan');
  };
}
