// Planted: the ground floor looks up.
import type { Kubelet } from '../kubelet/kubelet.ts';

export type Planted = Kubelet;
