// Planted: a cycle, and the product needs the simulator.
import { cluster } from '../simulator/cluster.ts';
import { other } from './other.ts';

export const app = [cluster, other];
